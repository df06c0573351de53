"""A checkpoint brought to the device: right versions, bf16, with its LoRAs, laid out for the memory at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import Qwen2_5_VLForConditionalGeneration

from tasks.domain.errors import SettingsError
from tasks.domain.licences import Licence, licence_of, strictest
from tasks.domain.models import EngineIdentity
from tasks.engines.licensing import ensure_licensed
from tasks.engines.qwen import attention, blocks, flat, lora, memory, quantisation, weights
from tasks.engines.qwen.adapters import Adapters
from tasks.engines.qwen.catalogue import Model, find
from tasks.engines.qwen.fast import Fast
from tasks.engines.qwen.faults import device_faults
from tasks.engines.qwen.modulation import Tables
from tasks.engines.qwen.processor import load_processor
from tasks.engines.qwen.remembered import remembering
from tasks.engines.qwen.settings import QwenSettings
from tasks.engines.qwen.versions import ensure_vouched

DAMAGE = (OSError, KeyError, ValueError, NotImplementedError, RuntimeError, SafetensorError)
"""What transformers, diffusers and safetensors raise for checkpoints that are not whole."""


@dataclass(frozen=True)
class Loaded:
    """A model ready to edit with."""

    model: Model
    licence: Licence
    identity: EngineIdentity
    pipeline: Any
    adapters: Adapters
    tables: Tables | None
    complete: bool
    """True when the language model came whole, head included, so that it can answer questions."""


def load(settings: QwenSettings, dtype: torch.dtype = torch.bfloat16) -> Loaded:
    """The model the settings name, on its device.

    Raises `UnknownEngine` for versions that are not vouched for, `SettingsError` for weights that cannot be had, are of
    another family, `LicenceError` before any weights are touched that may not be used here.
    """
    versions = ensure_vouched()
    name, model = find(settings.model)
    licence = _licence(settings, model)
    ensure_licensed(f"{name} {settings.weights} {settings.lora}".strip(), licence)
    device = _device(settings)
    quantisation.ensure_runs(settings.quantise, device)
    folder = weights.folder_of(settings.weights or model.repo, model.revision)
    files = _lora_files(settings, model)
    pipeline, complete = _pipeline(folder, model, dtype, settings)
    changes = {
        adapter: lora.read(pipeline.transformer, _tensors(file), source=str(file)) for adapter, file in files.items()
    }
    if model.lora is not None:
        lora.fuse(pipeline.transformer, changes.pop(""))
    _shorten(pipeline, settings)
    adapters = Adapters(pipeline.transformer, changes)
    quantisation.after_fusing(settings.quantise, pipeline.transformer, settings.quantise_layers)
    saved = quantisation.saved(settings.quantise, settings.quantise_layers)
    mode = memory.choose(settings.memory, memory.free_bytes(device) + saved - adapters.bytes)
    tabled = memory.tabled(mode, wanted=Fast.TABLES in settings.fast)
    tables = Tables(pipeline.transformer, adapters) if tabled else None
    with device_faults(pipeline, "loading the weights"):
        memory.lay_out(pipeline, mode, device)
        if tables is not None:
            tables.move_layers(device, resident=mode is memory.Memory.RESIDENT)
        kernel = (
            attention.use_fastest(pipeline.transformer, device, settings.area)
            if Fast.ATTENTION in settings.fast
            else ""
        )
    if settings.skip:
        pipeline.transformer.enable_cache(diffusers.FirstBlockCacheConfig(threshold=settings.skip))
    if settings.compiled:
        _compile(pipeline.transformer, mode, settings)
    made_with = [weights.fingerprint([folder, *files.values()]), str(dtype).removeprefix("torch.")]
    made_with += [quantisation.told(settings.quantise, settings.quantise_layers)] + ["compiled"] * settings.compiled
    made_with += [f"skip {settings.skip:g}"] * bool(settings.skip)
    made_with += [f"fast {way}" for way in sorted(settings.fast - {Fast.ATTENTION}) if not way.exact]
    made_with += [f"attention {kernel}"] * bool(kernel)
    made_with += ["tiled"] * (mode is memory.Memory.GROUP) + [f"{settings.area} px", device.type]
    made_with += [f"{package} {version}" for package, version in versions.items()]
    identity = EngineIdentity(name="qwen", model=name, revision=", ".join(made_with))
    return Loaded(model, licence, identity, pipeline, adapters, tables, complete)


def _shorten(pipeline: Any, settings: QwenSettings) -> None:
    """Take the shorter ways that change the models themselves."""
    if Fast.BLOCKS in settings.fast:
        # steps are skipped by adding whole outputs of the last block, so nothing is cut off it then
        blocks.shorten(pipeline.transformer, trimmed=not settings.skip)
    if Fast.VAE in settings.fast:
        flat.flatten(pipeline.vae)
    if Fast.LATENTS in settings.fast:
        pipeline._encode_vae_image = remembering(pipeline._encode_vae_image)


def _compile(transformer: Any, mode: memory.Memory, settings: QwenSettings) -> None:
    """Compile the blocks: once for every size and length of prompt; static shapes give up after the eighth.

    A draft has graphs of its own, made when it is first switched on.

    Raises `SettingsError` where weights come and go while an edit runs, or steps are skipped.
    """
    if settings.skip:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_COMPILED=true and EDIT_FLOWS_QWEN_SKIP={settings.skip:g} exclude each other: what a step "
            "skips is decided in the middle of a block; use one or the other"
        )
    if mode not in {memory.Memory.RESIDENT, memory.Memory.TABLES}:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_COMPILED=true needs the weights on the device, and EDIT_FLOWS_QWEN_MEMORY is {mode}: use "
            "one or the other"
        )
    transformer.compile_repeated_blocks(fullgraph=True, dynamic=True)


def _licence(settings: QwenSettings, model: Model) -> Licence:
    """The catalogue's, for files on this machine as well; the strictest where other repositories are named."""
    named = [repo for repo in (settings.weights, settings.lora) if repo and not Path(repo).expanduser().exists()]
    own = {model.repo, *(change.repo for change in model.loras.values())}
    return strictest([model.licence, *(licence_of(repo) for repo in named if repo not in own)])


def _lora_files(settings: QwenSettings, model: Model) -> dict[str, Path]:
    """The files of the model's LoRAs, by name. Raises `SettingsError` when the settings name others than it has."""
    given, count = settings.lora, len(model.loras)
    if given and not count:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_LORA={given!r} is given, but {settings.model} has no LoRA; name a model that has one in "
            "EDIT_FLOWS_QWEN_MODEL"
        )
    if not Path(given).is_file():
        return {name: weights.file_of(given or change.repo, change.file) for name, change in model.loras.items()}
    if count > 1:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_LORA={given!r} is one file, and {settings.model} has {count} LoRAs; name a folder that "
            f"holds {', '.join(change.file for change in model.loras.values())}"
        )
    return dict.fromkeys(model.loras, Path(given))


def _pipeline(folder: Path, model: Model, dtype: torch.dtype, settings: QwenSettings) -> tuple[Any, bool]:
    """The pipeline on the CPU, and whether its language model came whole."""
    fused = bool(model.loras) or Fast.BLOCKS in settings.fast
    quantised = quantisation.while_loading(settings.quantise, dtype, fused=fused)
    try:
        named = diffusers.DiffusionPipeline.load_config(folder).get("_class_name")
        if named != model.family.value:
            raise SettingsError(
                f"{str(folder)!r} holds a {named}, {settings.model} is a {model.family.value}: name the model the "
                "weights derive from in EDIT_FLOWS_QWEN_MODEL"
            )
        encoder, loading = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder, subfolder="text_encoder", dtype=dtype, output_loading_info=True, use_safetensors=True
        )
        pipeline = getattr(diffusers, named).from_pretrained(
            folder,
            processor=load_processor(folder),
            text_encoder=encoder.eval(),
            dtype=dtype,
            use_safetensors=True,
            **quantised,
        )
    except DAMAGE as damaged:
        raise SettingsError(
            f"the checkpoint {str(folder)!r} is damaged or incomplete ({type(damaged).__name__}: {damaged}); "
            "fetch it anew"
        ) from damaged
    missing = set(loading["missing_keys"]) - {"lm_head.weight"}
    missing |= {name for name, weight in pipeline.transformer.named_parameters() if weight.is_meta}
    if missing:
        raise SettingsError(
            f"the checkpoint {str(folder)!r} lacks {len(missing)} weights, such as {min(missing)!r}; fetch it anew"
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline, not loading["missing_keys"]


def _device(settings: QwenSettings) -> torch.device:
    """The device the settings name. Raises `SettingsError` for one this machine does not have."""
    wanted = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        device = torch.device("meta")
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.type not in {"cpu", "cuda"} or (device.index or 0) >= count:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_DEVICE={wanted!r} is not to be had here: give cpu"
            + "".join(f", cuda:{number}" for number in range(torch.cuda.device_count()))
        )
    return device


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except (SafetensorError, OSError) as broken:
        raise SettingsError(f"{str(file)!r} is no whole safetensors file ({broken}); fetch it anew") from broken
