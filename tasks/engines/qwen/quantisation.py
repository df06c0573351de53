"""Smaller weights for smaller cards, on request only: the result is another one.

fp8 loses visibly on this model unless the layers that react worst are spared, as vLLM-Omni found (issues 1034, 2728,
2795 there), and the distilled LoRAs show a lattice on unscaled fp8 (Lightning's README). Neither kind has been judged
with the real weights by this project.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import torch

from tasks.domain.errors import SettingsError, UnknownEngine

SPARED = ("img_mod", "txt_mod", "img_in", "txt_in", "norm_out", "proj_out", "time_text_embed")
"""Layers of the transformer that stay as they are."""


class Quantise(StrEnum):
    """How the weights of the transformer are kept."""

    NONE = "none"
    FP8 = "fp8"
    """8-bit floats by torchao, after a LoRA has been fused."""
    NF4 = "nf4"
    """4-bit normal floats by bitsandbytes, while loading: no LoRA can be fused into them."""


SAVED = {Quantise.NONE: 0.0, Quantise.FP8: 13.6e9, Quantise.NF4: 20.4e9}
"""Bytes fewer on the card: of the 13.6 billion parameters that are not spared, one or one and a half each."""


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


def after_fusing(kind: Quantise, transformer: torch.nn.Module) -> None:
    """Make the transformer's weights 8-bit when that is asked for; all but those spared."""
    if kind is not Quantise.FP8:
        return
    _require("torchao")
    from torchao.quantization import Float8WeightOnlyConfig, quantize_  # noqa: PLC0415  optional

    def wanted(layer: torch.nn.Module, name: str) -> bool:
        return isinstance(layer, torch.nn.Linear) and not set(SPARED) & set(name.split("."))

    quantize_(transformer, Float8WeightOnlyConfig(), filter_fn=wanted)


def _require(package: str) -> None:
    try:
        __import__(package)
    except ImportError as missing:
        raise UnknownEngine(f"EDIT_FLOWS_QWEN_QUANTISE needs {package}: pip install {package}") from missing
