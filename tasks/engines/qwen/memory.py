"""How the weights are laid out for the card at hand: from all of them on it to one layer at a time.

Sizes are those of the bf16 checkpoints: transformer 40.9 GB (6.8 of its 20.4 billion parameters make nothing but the
modulation, see `modulation.py`), text encoder 16.6 GB, VAE 0.25 GB; 6 GB are kept for activations at one megapixel.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import torch
from diffusers.hooks import apply_group_offloading

from tasks.domain.errors import SettingsError

GB = 1e9


class Memory(StrEnum):
    """Where the weights are while an edit runs."""

    AUTO = "auto"
    """The first of those below that fits into what is free."""
    RESIDENT = "resident"
    """All on the card."""
    TABLES = "tables"
    """All but the modulation on the card; that in tables, made anew for each schedule. The same result."""
    OFFLOAD = "offload"
    """One model at a time on the card, modulation in tables."""
    GROUP = "group"
    """One layer at a time on the card, the VAE in tiles: slow, but it fits nearly anywhere."""


class Need(NamedTuple):
    """Bytes that must be free on the card."""

    mode: Memory
    bytes: float


LADDER = (
    Need(Memory.RESIDENT, 64 * GB),
    Need(Memory.TABLES, 50 * GB),
    Need(Memory.OFFLOAD, 34 * GB),
    Need(Memory.GROUP, 0),
)
"""From the fastest mode to the smallest, with what each needs unquantised."""


def choose(wanted: Memory, free: float) -> Memory:
    """The mode to use on a card with `free` bytes: `wanted`, or for `auto` the fastest that fits."""
    if wanted is not Memory.AUTO:
        return wanted
    return next(need.mode for need in LADDER if free >= need.bytes)


def tabled(mode: Memory, *, wanted: bool) -> bool:
    """Whether modulation is kept in tables: where it is `wanted` and where that saves memory, but for `group`."""
    return mode in {Memory.TABLES, Memory.OFFLOAD} or (wanted and mode is Memory.RESIDENT)


def free_bytes(device: torch.device) -> float:
    """Bytes free on the device; on the CPU everything fits as far as this is concerned."""
    return float(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else float("inf")


def lay_out(pipeline: Any, mode: Memory, device: torch.device) -> None:
    """Move the pipeline's weights as `mode` says. Once offloaded, nothing may move the pipeline again."""
    if mode is Memory.OFFLOAD:
        if device.type == "cpu":
            raise SettingsError("EDIT_FLOWS_QWEN_MEMORY=offload needs a CUDA device; use resident on a CPU")
        pipeline.enable_model_cpu_offload(device=device)
    elif mode is Memory.GROUP:
        pipeline.vae.to(device)
        pipeline.vae.enable_tiling()
        streamed = device.type == "cuda"
        for model in (pipeline.transformer, pipeline.text_encoder):
            apply_group_offloading(model, onload_device=device, offload_type="leaf_level", use_stream=streamed)
    else:
        pipeline.to(device)
