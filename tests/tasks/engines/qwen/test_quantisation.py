"""Smaller weights: nearly the same picture, another identity; refused where they cannot work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tasks.domain.errors import SettingsError
from tasks.engines.qwen.quantisation import SPARED
from tests.tasks.engines.qwen.pictures import engine, picture, plan, unheard
from tests.tasks.engines.qwen.test_lora import KOHYA, change


def test_eight_bit_weights_give_nearly_the_same_picture_under_another_identity(checkpoint):
    whole, small = (engine(checkpoint("edit"), "edit", torch.bfloat16, quantise=kind) for kind in ("none", "fp8"))
    pictures = [np.asarray(made.edit(picture(), plan(), None, unheard).image, dtype=float) for made in (whole, small)]
    assert 0 < np.abs(pictures[0] - pictures[1]).mean() < 2
    assert whole.identity != small.identity
    block = small._loaded.pipeline.transformer.transformer_blocks[0]
    assert "Float8" in type(block.attn.to_q.weight).__name__
    assert all(type(layer[1].weight) is torch.nn.Parameter for layer in (block.img_mod, block.txt_mod))
    assert {"img_mod", "txt_mod"} <= set(SPARED)


def test_a_lora_is_fused_before_the_weights_are_made_smaller(checkpoint, tmp_path):
    file = tmp_path / "lightning.safetensors"
    save_file(change(engine(checkpoint("edit"), "edit")._loaded.pipeline.transformer, KOHYA), file)
    named = {"model": "qwen-image-edit-lightning-4", "lora": str(file)}
    whole, small = (
        engine(checkpoint("edit"), "edit", torch.bfloat16, quantise=kind, **named) for kind in ("none", "fp8")
    )
    same = plan(cfg_scale=1.0, steps=4)
    pictures = [np.asarray(made.edit(picture(), same, None, unheard).image, dtype=float) for made in (whole, small)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 2


@pytest.mark.parametrize(("model", "message"), [("qwen-image-edit", "CUDA"), ("qwen-image-edit-lightning-4", "LoRA")])
def test_four_bit_weights_are_refused_without_a_gpu_and_with_a_lora(checkpoint, tmp_path, model, message):
    file = tmp_path / "lightning.safetensors"
    file.write_bytes(b"")
    lora: dict[str, Any] = {"lora": str(file)} if "lightning" in model else {}
    with pytest.raises(SettingsError, match=message):
        engine(checkpoint("edit"), "edit", quantise="nf4", model=model, **lora)
