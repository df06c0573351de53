"""Engine `qwen`: a plan checked on the CPU, encoded, denoised on the device, one edit at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import torch
from PIL import Image

from tasks import environment
from tasks.domain.errors import ParameterError, SettingsError
from tasks.domain.models import EditPlan, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Report
from tasks.engines.qwen import prompts
from tasks.engines.qwen.catalogue import Family
from tasks.engines.qwen.diffusion import Conditions, Sampling, decode, denoise
from tasks.engines.qwen.fast import Fast
from tasks.engines.qwen.faults import device_faults
from tasks.engines.qwen.geometry import (
    MULTIPLE,
    SHOWN_TO_LANGUAGE_MODEL,
    brought_to,
    ensure_not_slender,
    tokens,
    working_size,
)
from tasks.engines.qwen.loading import Loaded, load
from tasks.engines.qwen.prefixes import Prefixes
from tasks.engines.qwen.settings import QwenSettings
from tasks.engines.qwen.vision import QwenVision, sees


class QwenEngine:
    """Edits with Qwen-Image-Edit or one of its kin. Weights are loaded when it is made."""

    def __init__(self, settings: QwenSettings, dtype: torch.dtype = torch.bfloat16) -> None:
        self._settings = settings
        self._loaded: Loaded = load(settings, dtype)
        self._prefixes = Prefixes(self._loaded.pipeline) if Fast.PROMPTS in settings.fast else None
        self._lock = threading.RLock()
        self._vision = self._sound_vision()
        if self._device.type == "cuda":
            self.warm_up()

    @property
    def identity(self) -> EngineIdentity:
        """Model, fingerprint of weights and LoRAs, number format, device and versions."""
        return self._loaded.identity

    @property
    def traits(self) -> Traits:
        """Works at about a megapixel; every pixel passes through the model; no two seeds give the same."""
        model = self._loaded.model
        return Traits(
            works_at=self._settings.area,
            multiple=MULTIPLE,
            references=model.references,
            tunable=not model.distilled,
            recipes=model.recipes,
            drafts=tuple(draft.recipe for draft in model.drafts),
            licence=self._loaded.licence,
        )

    @property
    def vision(self) -> QwenVision | None:
        """Its own text encoder; None when the settings or the canary at load say no."""
        return self._vision

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """The edited picture, mode RGB, at the size worked at; outside `mask` the source's latents are kept.

        Raises `ParameterError` or `ImageError` before any work on the device when the plan or a picture is outside
        what the model takes, `DeviceMemoryError` when the device is full, `DeviceLostError` when it fails.
        """
        pictures = [_opaque(picture) for picture in (source, *references)]
        self._ensure_takes(plan, pictures)
        area = self._settings.area
        sizes = [working_size(pictures[0].size, area), *(brought_to(picture.size, area) for picture in pictures[1:])]
        with self._lock, device_faults(self._loaded.pipeline, f"{sizes[0][0]} x {sizes[0][1]} pixels"):
            given = self._conditions(plan, pictures, sizes, mask)
            latents = self._denoised(given, plan.cfg_scale, plan.steps, plan.seed, plan.adapter, report)
            edited = decode(self._loaded.pipeline, latents, sizes[0])
        return Edited(edited, {"worked at": f"{sizes[0][0]} x {sizes[0][1]}"})

    def warm_up(self) -> None:
        """One step with guidance on a grey picture, so that the first edit finds everything allocated and compiled.

        One of every draft as well.
        """
        side = working_size((1024, 1024), self._settings.area)
        with self._lock, device_faults(self._loaded.pipeline, "the first edit"):
            grey = Image.new("RGB", side, "grey")
            positive, negative = (self._embedding(words, [grey], [side]) for words in ("warm up", " "))
            for adapter in ("", *self._adapters):
                given = Conditions(positive, None if adapter else negative, [grey], [side])
                latents = self._denoised(given, 4.0, 1, 0, adapter, _unheard)
                decode(self._loaded.pipeline, latents, side)

    @property
    def _adapters(self) -> tuple[str, ...]:
        return tuple(draft.name for draft in self._loaded.model.drafts)

    @property
    def _device(self) -> torch.device:
        device: torch.device = self._loaded.pipeline._execution_device
        return device

    def _sound_vision(self) -> QwenVision | None:
        vision = QwenVision(self._loaded.pipeline, self._lock)
        wanted = self._settings.vision
        if wanted == "on" and not self._loaded.complete:
            raise SettingsError("EDIT_FLOWS_QWEN_VISION=on, but the language model has no head; set it to off or auto")
        if wanted == "off" or (wanted == "auto" and not (self._loaded.complete and sees(vision))):
            return None
        return vision

    def _ensure_takes(self, plan: EditPlan, pictures: Sequence[Image.Image]) -> None:
        """What can be told without the device; raises `ParameterError` or `ImageError`."""
        if plan.steps < 1:
            raise ParameterError(f"steps is {plan.steps}; give at least 1")
        if plan.adapter and plan.adapter not in self._adapters:
            raise ParameterError(
                f"{self.identity.model} has no adapter {plan.adapter!r}: "
                + (f"give {', '.join(self._adapters)} or none" if self._adapters else "give none")
            )
        if plan.cfg_scale > 1 and not plan.negative_prompt:
            raise ParameterError(
                f"guidance {plan.cfg_scale:g} is away from a negative prompt, and there is none: give one (a blank is "
                "the neutral one) or guidance 1"
            )
        most = self._loaded.model.references
        if len(pictures) - 1 > most:
            raise ParameterError(
                f"{len(pictures) - 1} reference pictures, {self.identity.model} can be shown {most}: leave some out"
            )
        ensure_not_slender(pictures)
        for what, words in (("instruction", plan.prompt), ("negative prompt", plan.negative_prompt)):
            prompts.ensure_plain(words, self._loaded.pipeline.processor.tokenizer.all_special_tokens, what=what)

    def _conditions(
        self,
        plan: EditPlan,
        pictures: Sequence[Image.Image],
        sizes: Sequence[tuple[int, int]],
        mask: Image.Image | None,
    ) -> Conditions:
        seen = [picture.resize(size, Image.Resampling.LANCZOS) for picture, size in zip(pictures, sizes, strict=True)]
        shown = seen
        if self._loaded.model.family is Family.PLUS:
            small = [brought_to(picture.size, SHOWN_TO_LANGUAGE_MODEL) for picture in pictures]
            shown = [
                picture.resize(size, Image.Resampling.LANCZOS) for picture, size in zip(pictures, small, strict=True)
            ]
        positive = self._embedding(plan.prompt, shown, sizes)
        negative = self._embedding(plan.negative_prompt, shown, sizes) if plan.cfg_scale > 1 else None
        return Conditions(positive, negative, seen, sizes, mask)

    def _denoised(
        self, given: Conditions, guidance: float, steps: int, seed: int, adapter: str, report: Report
    ) -> torch.Tensor:
        loaded = self._loaded
        sampling = Sampling(guidance, steps, seed, loaded.model.shift_of(adapter))
        with loaded.adapters.use(adapter):
            return denoise(loaded.pipeline, given, sampling, report, loaded.tables)

    def _embedding(self, words: str, pictures: Sequence[Image.Image], sizes: Sequence[tuple[int, int]]) -> torch.Tensor:
        pipeline, family = self._loaded.pipeline, self._loaded.model.family
        text = prompts.template(pipeline, family, len(pictures)).replace("{}", words)
        inputs = prompts.tokenize(pipeline, text, pictures)
        prompts.ensure_fits(pipeline, inputs, [tokens(size) for size in sizes])
        return self._prefixes.embed(inputs) if self._prefixes else prompts.embed(pipeline, inputs)


def _unheard(_done: int, _total: int) -> None:
    """A report nobody waits for."""


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture without transparency, on white: the model knows three channels."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def from_environment() -> QwenEngine:
    """The engine the environment describes, its weights loaded."""
    return QwenEngine(environment.read(QwenSettings))
