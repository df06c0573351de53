"""Which attention kernel is the fastest here: a third of the arithmetic of a step is attention."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn
from torch.utils.benchmark import Timer

CANDIDATES = {
    "cuda": ("native", "_native_cudnn", "_native_flash", "_native_efficient"),
    "cpu": ("native", "_native_math"),
}
"""Kernels that come with torch, by kind of device, as diffusers names them; all give the same but for rounding."""
WORTH = 0.97
"""Of the time of `native`, below which another is taken: noise must not choose."""
WORDS = 256
"""Tokens of an instruction with its pictures at 384 x 384."""


def use_fastest(transformer: Any, device: torch.device, area: int) -> str:
    """The name of the kernel that `transformer` attends with from now on: of those measured here the fastest.

    Measured at the length of an edit of `area` pixels with one picture; takes a second or two on a card.
    """
    length = 2 * area // 256 + WORDS
    shape = (1, length, transformer.config.num_attention_heads, transformer.config.attention_head_dim)
    query, key, value = (torch.randn(shape, device=device, dtype=transformer.dtype) for _ in range(3))
    seconds = {}
    for name in CANDIDATES[device.type]:
        arguments = {"attend": dispatch_attention_fn, "query": query, "key": key, "value": value, "name": name}
        timer = Timer("attend(query, key, value, backend=name)", globals=arguments)
        try:
            with torch.inference_mode():
                seconds[name] = timer.blocked_autorange(min_run_time=0.2).median
        except RuntimeError:  # not for this card or number format
            continue
    best = min(seconds, key=lambda name: seconds[name])
    if seconds[best] > WORTH * seconds["native"]:
        best = "native"
    for processor in transformer.attn_processors.values():
        processor._attention_backend = AttentionBackendName(best)
    return best
