"""Smaller weights for smaller cards, or 8-bit products for more speed, on request only: the result is another one.

fp8 loses visibly on this model unless the layers that react worst are spared, as vLLM-Omni found (issues 1034, 2728,
2795 there), and the distilled LoRAs show a lattice on unscaled fp8 (Lightning's README). No kind has been judged with
the real weights by this project, and none timed on a card.
"""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum
from typing import Any

import torch

from tasks.domain.errors import SettingsError, UnknownEngine

SPARED = ("img_mod", "txt_mod", "img_in", "txt_in", "norm_out", "proj_out", "time_text_embed")
"""Layers of the transformer that stay as they are."""
CAPABILITY = (8, 9)
"""Of the first cards that multiply 8-bit floats: Ada and Hopper."""
LEAST = 1e-12
"""What the largest number of a row is taken for at least: by a row of zeros torchao would divide."""


class Quantise(StrEnum):
    """How the weights of the transformer are kept."""

    NONE = "none"
    FP8 = "fp8"
    """8-bit floats by torchao, after a LoRA has been fused. Products are made in 16 bits: smaller, not faster."""
    FP8_DYNAMIC = "fp8-dynamic"
    """Products of 8-bit floats in the layers that are named, with a scale for every token and for every output: faster,
    where blocks are compiled as well; without, rounding the tokens costs several passes over them."""
    NF4 = "nf4"
    """4-bit normal floats by bitsandbytes, while loading: no LoRA can be fused into them."""


class Layers(StrEnum):
    """Which layers `fp8-dynamic` takes: of the picture's side of every block, where nearly all tokens are."""

    ATTENTION = "attention"
    """What makes queries, keys and values, and what reads the result: a ninth of a step saved at best (calculated)."""
    MLP = "mlp"
    """The two wide layers, which vLLM-Omni advises to spare: two ninths of a step saved at best (calculated)."""


PLACES = {
    Layers.ATTENTION: {"attn.to_q", "attn.to_k", "attn.to_v", "attn.to_qkv", "attn.to_out.0"},
    Layers.MLP: {"img_mlp.net.0.proj", "img_mlp.net.2"},
}
"""Where the layers are in a block; `to_qkv` is what `blocks.py` makes of three."""
SAVED = {Quantise.NONE: 0.0, Quantise.FP8: 13.6e9, Quantise.NF4: 20.4e9}
"""Bytes fewer on the card: of the 13.6 billion parameters that are not spared, one or one and a half each."""
SAVED_IN = {Layers.ATTENTION: 2.26e9, Layers.MLP: 4.53e9}
"""As above where `fp8-dynamic` takes these layers: one byte for each of their parameters, less the scales."""


def saved(kind: Quantise, layers: Set[Layers]) -> float:
    """Bytes fewer on the card than in bf16."""
    return sum(SAVED_IN[named] for named in layers) if kind is Quantise.FP8_DYNAMIC else SAVED[kind]


def told(kind: Quantise, layers: Set[Layers]) -> str:
    """What results have to say of it: the kind, and the layers where they may be chosen."""
    return " ".join([kind, *sorted(layers)]) if kind is Quantise.FP8_DYNAMIC else kind


def ensure_runs(kind: Quantise, device: torch.device) -> None:
    """Return when `device` can compute with weights of this kind, which is told before any are loaded.

    Raises `SettingsError` for a card that cannot multiply 8-bit floats, `UnknownEngine` where torchao is missing.
    """
    if kind is not Quantise.FP8_DYNAMIC:
        return
    _require("torchao")
    found = torch.cuda.get_device_capability(device) if device.type == "cuda" else CAPABILITY
    if found < CAPABILITY:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_QUANTISE={kind} needs a card of compute capability {CAPABILITY[0]}.{CAPABILITY[1]} or "
            f"more, and {device} is of {found[0]}.{found[1]}: use fp8, which any card takes, or none"
        )


def while_loading(kind: Quantise, dtype: torch.dtype, *, fused: bool) -> dict[str, Any]:
    """Arguments of `from_pretrained`. Raises `SettingsError` for nf4 without a GPU or where weights are `fused`."""
    if kind is not Quantise.NF4:
        return {}
    if fused:
        raise SettingsError(
            "EDIT_FLOWS_QWEN_QUANTISE=nf4 cannot take a LoRA or EDIT_FLOWS_QWEN_FAST=blocks: use fp8 or none"
        )
    if not torch.cuda.is_available():
        raise SettingsError("EDIT_FLOWS_QWEN_QUANTISE=nf4 needs a CUDA device; use fp8 or none")
    _require("bitsandbytes")
    from diffusers import BitsAndBytesConfig, PipelineQuantizationConfig  # noqa: PLC0415  needs bitsandbytes

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=list(SPARED),
    )
    return {"quantization_config": PipelineQuantizationConfig(quant_mapping={"transformer": config})}


def after_fusing(kind: Quantise, transformer: torch.nn.Module, layers: Set[Layers]) -> None:
    """Make the transformer's weights 8-bit when that is asked for: with fp8 all but those spared, else in `layers`."""
    if kind is Quantise.FP8:
        _keep_small(transformer)
    elif kind is Quantise.FP8_DYNAMIC:
        _multiply_small(transformer, set().union(*(PLACES[named] for named in layers)))


def _keep_small(transformer: torch.nn.Module) -> None:
    _require("torchao")
    from torchao.quantization import Float8WeightOnlyConfig, quantize_  # noqa: PLC0415  optional

    def wanted(layer: torch.nn.Module, name: str) -> bool:
        return isinstance(layer, torch.nn.Linear) and not set(SPARED) & set(name.split("."))

    quantize_(transformer, Float8WeightOnlyConfig(), filter_fn=wanted)


def _multiply_small(transformer: torch.nn.Module, places: Set[str]) -> None:
    """What Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()) makes of the layers at these places.

    torchao's own function for it refuses to run without a card, where torch multiplies all the same; and it would take
    other kernels, with other results, wherever another package happens to be installed.
    """
    from torchao.float8.inference import Float8MMConfig  # noqa: PLC0415  optional
    from torchao.quantization import Float8Tensor, PerRow  # noqa: PLC0415
    from torchao.quantization.quantize_.common import KernelPreference  # noqa: PLC0415
    from torchao.quantization.quantize_.workflows import QuantizeTensorToFloat8Kwargs  # noqa: PLC0415

    rows: dict[str, Any] = {
        "granularity": PerRow(),
        "hp_value_lb": LEAST,
        "kernel_preference": KernelPreference.TORCH,
    }
    for name, layer in transformer.named_modules():
        if isinstance(layer, torch.nn.Linear) and name.split(".", maxsplit=2)[-1] in places:
            weight = Float8Tensor.from_hp(
                layer.weight.detach(),
                mm_config=Float8MMConfig(use_fast_accum=True),
                act_quant_kwargs=QuantizeTensorToFloat8Kwargs(**rows),
                **rows,
            )
            layer.weight = torch.nn.Parameter(weight, requires_grad=False)


def _require(package: str) -> None:
    try:
        __import__(package)
    except ImportError as missing:
        raise UnknownEngine(f"EDIT_FLOWS_QWEN_QUANTISE needs {package}: pip install {package}") from missing
