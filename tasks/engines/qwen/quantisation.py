"""Smaller weights for smaller cards, on request only: the result is another one.

fp8 loses visibly on this model unless the layers that react worst are spared, as vLLM-Omni found (issues 1034, 2728,
2795 there), and the distilled LoRAs show a lattice on unscaled fp8 (Lightning's README). Neither mode has been judged
with the real weights by this project.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import PipelineQuantizationConfig

from tasks.domain.errors import UnknownEngine

SPARED = ["img_mod", "txt_mod", "img_in", "txt_in", "norm_out", "proj_out", "time_text_embed"]
"""Layers of the transformer that stay as they are."""


def quantisation(kind: str, dtype: torch.dtype) -> dict[str, Any]:
    """Arguments of `from_pretrained` for fp8 (torchao) or nf4 (bitsandbytes); none for no quantisation.

    Raises `UnknownEngine` when the package it takes is not installed.
    """
    if not kind:
        return {}
    try:
        config = _fp8() if kind == "fp8" else _nf4(dtype)
    except ImportError as missing:
        extra = {"fp8": "torchao", "nf4": "bitsandbytes"}[kind]
        raise UnknownEngine(f"EDIT_FLOWS_QWEN_QUANTISE={kind} needs {extra}: pip install {extra}") from missing
    return {"quantization_config": PipelineQuantizationConfig(quant_mapping={"transformer": config})}


def _fp8() -> Any:
    from diffusers import TorchAoConfig  # noqa: PLC0415  needs torchao
    from torchao.quantization import Float8WeightOnlyConfig  # noqa: PLC0415  as above

    return TorchAoConfig(Float8WeightOnlyConfig(), modules_to_not_convert=SPARED)


def _nf4(dtype: torch.dtype) -> Any:
    import bitsandbytes  # noqa: F401, PLC0415  diffusers imports it later, and says less when it is missing
    from diffusers import BitsAndBytesConfig  # noqa: PLC0415  as above

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=SPARED,
    )
