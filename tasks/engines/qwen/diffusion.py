"""The denoising itself: noise in, picture out, the reference pictures beside it, what is masked kept.

The steps are those of `QwenImageEditPipeline`, `QwenImageEditPlusPipeline` and, with a mask,
`QwenImageEditInpaintPipeline` of diffusers, on that pipeline's own parts; the tests hold the result against theirs,
difference 0. One loop instead of the three adds what they lack: masks and several references together, any area, a
report before each step at which an edit can be stopped, and a scheduler of its own for each edit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.qwenimage.pipeline_qwenimage_edit import calculate_shift
from PIL import Image

from tasks.engines.protocol import Report
from tasks.engines.qwen.geometry import tokens
from tasks.engines.qwen.modulation import Tables

Size = tuple[int, int]


@dataclass(frozen=True)
class Conditions:
    """What an edit is made from: instruction and its opposite as embeddings, pictures with the size each is seen at."""

    positive: torch.Tensor
    negative: torch.Tensor | None
    pictures: Sequence[Image.Image]
    sizes: Sequence[Size]
    mask: Image.Image | None = None


@dataclass(frozen=True)
class Sampling:
    """How it is made: guidance, steps, where the noise comes from, how the schedule is shifted."""

    guidance: float
    steps: int
    seed: int
    shift: float | None = None
    """At any resolution, the last step not stretched: the schedule of the distilled. Empty: by resolution."""


@torch.no_grad()
def denoise(
    pipeline: Any,
    given: Conditions,
    sampling: Sampling,
    report: Report,
    tables: Tables | None = None,
) -> torch.Tensor:
    """The latents of the edited picture, of the first size in `given`: (1, tokens, channels)."""
    device, dtype = pipeline._execution_device, given.positive.dtype
    noise, references = _latents(pipeline, given, sampling.seed, device, dtype)
    scheduler, timesteps = _schedule(pipeline, noise.shape[1], sampling, device)
    if tables is not None:
        tables.prepare(timesteps, dtype, device)
    latents, keep = noise, None
    if given.mask is not None:
        keep = _Kept(references[:, : noise.shape[1]], noise, _mask(pipeline, given, device, dtype), scheduler)
        latents = scheduler.scale_noise(keep.picture, timesteps[:1], noise)
    shapes = [[tokens(given.sizes[0]), *(tokens(size) for size in given.sizes)]]
    for step, time in enumerate(timesteps):
        report(step, len(timesteps))
        predicted = _predict(pipeline.transformer, latents, references, time, shapes, given, sampling.guidance)
        latents = scheduler.step(predicted, time, latents, return_dict=False)[0]
        if keep is not None:
            latents = keep.put_back(latents, timesteps[step + 1] if step + 1 < len(timesteps) else None)
    report(len(timesteps), len(timesteps))
    return latents


@torch.no_grad()
def decode(pipeline: Any, latents: torch.Tensor, size: Size) -> Image.Image:
    """The picture behind `latents`, mode RGB, of that size."""
    config = pipeline.vae.config
    unpacked = pipeline._unpack_latents(latents, size[1], size[0], pipeline.vae_scale_factor).to(pipeline.vae.dtype)
    mean, deviation = (
        torch.tensor(values).view(1, config.z_dim, 1, 1, 1).to(unpacked.device, unpacked.dtype)
        for values in (config.latents_mean, config.latents_std)
    )
    pixels = pipeline.vae.decode(unpacked / (1.0 / deviation) + mean, return_dict=False)[0][:, :, 0]
    picture: Image.Image = pipeline.image_processor.postprocess(pixels, output_type="pil")[0]
    return picture


@dataclass(frozen=True)
class _Kept:
    """What lies outside the mask: at every step the source's own latents at that step's noise."""

    picture: torch.Tensor
    noise: torch.Tensor
    mask: torch.Tensor
    scheduler: FlowMatchEulerDiscreteScheduler

    def put_back(self, latents: torch.Tensor, next_time: torch.Tensor | None) -> torch.Tensor:
        source = self.picture
        if next_time is not None:
            source = self.scheduler.scale_noise(source, next_time[None], self.noise)
        return (1 - self.mask) * source + self.mask * latents


def _latents(
    pipeline: Any, given: Conditions, seed: int, device: torch.device, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise for the result and the latents of all pictures, both (1, tokens, channels). Noise is drawn on the CPU."""
    channels = pipeline.transformer.config.in_channels // 4
    width, height = given.sizes[0]
    pixels = [
        pipeline.image_processor.preprocess(picture, size[1], size[0]).unsqueeze(2)
        for picture, size in zip(given.pictures, given.sizes, strict=True)
    ]
    generator = torch.Generator("cpu").manual_seed(seed)
    arguments = (1, channels, height, width, dtype, device, generator)
    # the two pipelines differ in taking one picture or a list of them
    encoded: Any = pixels if "PlusPipeline" in type(pipeline).__name__ else pixels[0]
    noise, references = pipeline.prepare_latents(encoded, *arguments, None)
    return noise, references


def _schedule(
    pipeline: Any, length: int, sampling: Sampling, device: torch.device
) -> tuple[FlowMatchEulerDiscreteScheduler, torch.Tensor]:
    """A scheduler of this edit's own, and the times it steps through."""
    config = pipeline.scheduler.config
    # a single time cannot be stretched towards the last one: stock divides zero by zero there and the picture is lost
    terminal = config.shift_terminal if sampling.steps > 1 and sampling.shift is None else None
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(config, shift_terminal=terminal)
    by_resolution = calculate_shift(
        length, config.base_image_seq_len, config.max_image_seq_len, config.base_shift, config.max_shift
    )
    logarithm = by_resolution if sampling.shift is None else math.log(sampling.shift)
    sigmas = np.linspace(1.0, 1 / sampling.steps, sampling.steps)
    scheduler.set_timesteps(sigmas=sigmas, mu=logarithm, device=device)
    scheduler.set_begin_index(0)
    return scheduler, scheduler.timesteps


def _mask(pipeline: Any, given: Conditions, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """1 where latents may change, as tokens: (1, tokens, channels)."""
    width, height = given.sizes[0]
    rows, columns = height // 8, width // 8
    assert given.mask is not None  # noqa: S101  the caller asks for it only then
    stencil = given.mask.resize((width, height), Image.Resampling.NEAREST)
    pixels = torch.from_numpy(np.asarray(stencil) >= 128)[None, None].float()
    latent = torch.nn.functional.interpolate(pixels, size=(rows, columns)).to(device, dtype)
    channels = pipeline.transformer.config.in_channels // 4
    packed: torch.Tensor = pipeline._pack_latents(latent.repeat(1, channels, 1, 1), 1, channels, rows, columns)
    return packed


def _predict(
    transformer: torch.nn.Module,
    latents: torch.Tensor,
    references: torch.Tensor,
    time: torch.Tensor,
    shapes: list[list[tuple[int, int, int]]],
    given: Conditions,
    guidance: float,
) -> torch.Tensor:
    """The velocity at this step: with guidance, away from what the negative prompt gives, at the first one's length."""

    def forward(name: str, embeddings: torch.Tensor) -> torch.Tensor:
        with transformer.cache_context(name):  # type: ignore[operator]
            predicted: torch.Tensor = transformer(
                hidden_states=torch.cat([latents, references], dim=1),
                timestep=time.expand(1).to(latents.dtype) / 1000,
                encoder_hidden_states=embeddings,
                img_shapes=shapes,
                return_dict=False,
            )[0]
        return predicted[:, : latents.shape[1]]

    positive = forward("cond", given.positive)
    if given.negative is None:
        return positive
    negative = forward("uncond", given.negative)
    combined = negative + guidance * (positive - negative)
    return combined * (torch.norm(positive, dim=-1, keepdim=True) / torch.norm(combined, dim=-1, keepdim=True))
