"""Qwen-Image-Edit in its real shapes with random weights, made where they are used: there is nothing to download."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import diffusers
import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from tasks.engines.qwen.processor import load_processor
from tests.checkpoints import build


class Scale(NamedTuple):
    """Widths and depths of the three models, and the side of the picture worked at."""

    side: int
    transformer: Mapping[str, Any]
    language: Mapping[str, Any]
    vision: Mapping[str, Any]
    vae: Mapping[str, Any]
    turns: tuple[int, int, int]


FULL = Scale(
    1024,
    {"num_layers": 60, "num_attention_heads": 24, "attention_head_dim": 128, "axes_dims_rope": (16, 56, 56)},
    {
        "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152064,
    },
    {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
        "fullatt_block_indexes": [7, 15, 23, 31],
    },
    {},
    (16, 24, 24),
)  # fmt: skip
"""20 billion parameters that denoise, 8 that read and see."""
TINY = Scale(
    128,
    {"num_layers": 3, "num_attention_heads": 2, "attention_head_dim": 16, "axes_dims_rope": (4, 6, 6)},
    {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "vocab_size": 1024,
    },
    {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "fullatt_block_indexes": [1]},
    {"base_dim": 8, "dim_mult": [1, 2, 2, 2], "num_res_blocks": 1},
    (2, 3, 3),
)  # fmt: skip
SCALES = {"full": FULL, "tiny": TINY}


def pipeline(scale: Scale, device: torch.device) -> Any:
    """The pipeline of Qwen-Image-Edit-2511 in bf16 on `device`; words, pictures and schedule as in the tests."""
    with TemporaryDirectory() as name:
        folder = build(Path(name), plus=True)
        processor = load_processor(folder)
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler")
    width = scale.language["hidden_size"]
    made = diffusers.QwenImageEditPlusPipeline(
        scheduler=scheduler,
        vae=_made(lambda: AutoencoderKLQwenImage(**scale.vae), device),
        text_encoder=_made(lambda: Qwen2_5_VLForConditionalGeneration(_reading(scale, processor.tokenizer)), device),
        tokenizer=processor.tokenizer,
        processor=processor,
        transformer=_made(
            lambda: QwenImageTransformer2DModel(joint_attention_dim=width, zero_cond_t=True, **scale.transformer),
            device,
        ),
    )
    made.set_progress_bar_config(disable=True)
    return made


def _reading(scale: Scale, words: Any) -> Qwen2_5_VLConfig:
    token = {name: words.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start")}
    turned = {"rope_type": "default", "mrope_section": list(scale.turns), "rope_theta": 1e6}
    ends = {"bos_token_id": words.pad_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}
    return Qwen2_5_VLConfig(
        text_config={**scale.language, **ends, "rope_parameters": turned},
        vision_config={**scale.vision, "out_hidden_size": scale.language["hidden_size"], "window_size": 112},
        image_token_id=token["image_pad"],
        video_token_id=token["video_pad"],
        vision_start_token_id=token["vision_start"],
    )


@torch.no_grad()
def _made(make: Callable[[], Any], device: torch.device) -> Any:
    """A model made on the device in bf16; its weights keep numbers finite through 60 blocks."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:  # not on `meta` first: tables of positions are no buffers and would stay there
            model = make().eval().requires_grad_(requires_grad=False)
    finally:
        torch.set_default_dtype(usual)
    for name, weight in model.named_parameters():
        if weight.ndim > 1 and "gamma" not in name:
            weight.normal_(0, 0.6 / math.sqrt(weight[0].numel()))
        elif name.endswith("bias"):
            weight.normal_(0, 0.01)
        else:
            weight.fill_(1)
    return model
