"""Smaller weights: nearly the same picture, another identity; refused where they cannot work."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import QwenImageTransformer2DModel
from safetensors.torch import save_file

from tasks.domain.errors import SettingsError, UnknownEngine
from tasks.engines.qwen import loading, quantisation
from tasks.engines.qwen.diffusion import Sampling
from tasks.engines.qwen.quantisation import SPARED, Layers, Quantise
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import MODELS, engine, picture, plan, unheard
from tests.tasks.engines.qwen.test_diffusion import embeddings
from tests.tasks.engines.qwen.test_fast import latents, load
from tests.tasks.engines.qwen.test_lora import KOHYA, change

DYNAMIC: dict[str, Any] = {"quantise": "fp8-dynamic"}
ROUNDED = 0.05
"""Relative error of a product whose factors are rounded to three bits of mantissa each: 0.037 for normal numbers."""
NEARLY = 0.03
"""Relative difference of latents after three guided steps of the tiny model: 0.011 was seen."""
ATTENTION = {"attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0"}
FUSED = {"attn.to_qkv", "attn.to_out.0"}
MLP = {"img_mlp.net.0.proj", "img_mlp.net.2"}


def eight_bit(transformer):
    """Names of the layers with 8-bit weights, within their block; each block has the same."""
    found = [
        name.split(".", maxsplit=2)
        for name, layer in transformer.named_modules()
        if isinstance(layer, torch.nn.Linear) and "Float8" in type(layer.weight).__name__
    ]
    assert {where for where, *_ in found} == {"transformer_blocks"}
    blocks = [{name for _, at, name in found if at == str(n)} for n in range(len(transformer.transformer_blocks))]
    assert all(names == blocks[0] for names in blocks)
    return blocks[0]


def rounded(rows):
    """Each row in 8-bit floats, its largest number at their end (448), and back."""
    scale = (rows.abs().amax(dim=-1, keepdim=True) / 448).float()
    return (rows.float() / scale).clamp(-448, 448).to(torch.float8_e4m3fn).float() * scale


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


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        ({}, ATTENTION),
        ({"quantise_layers": "mlp"}, MLP),
        ({"quantise_layers": "all"}, ATTENTION | MLP),
        ({"quantise_layers": "attention, mlp", "fast": "blocks,tables"}, FUSED | MLP),
    ],
)
def test_products_are_made_in_eight_bits_in_the_named_layers_alone(checkpoint, settings, layers):
    assert eight_bit(load(checkpoint, "plus-2511", **DYNAMIC, **settings).pipeline.transformer) == layers


@torch.no_grad()
def test_an_eight_bit_product_is_that_of_rows_rounded_by_hand(checkpoint):
    whole, small = (load(checkpoint, "edit", **kind).pipeline.transformer for kind in ({}, DYNAMIC))
    tokens = torch.randn(1, 50, 32, generator=torch.Generator().manual_seed(0)).bfloat16()
    for name in sorted(ATTENTION):
        exact, found = (model.get_submodule(f"transformer_blocks.1.{name}") for model in (whole, small))
        product = rounded(tokens) @ rounded(exact.weight).t() + exact.bias.float()
        torch.testing.assert_close(found(tokens), product.bfloat16(), rtol=2**-7, atol=1e-3)
        error = (found(tokens) - exact(tokens)).float().norm() / exact(tokens).float().norm()
        assert 0.005 < error < ROUNDED
        nothing = torch.zeros_like(tokens)
        assert torch.equal(found(nothing), exact(nothing))


@torch.no_grad()
def test_eight_bit_layers_are_what_torchao_itself_makes_of_them_on_a_card(checkpoint, monkeypatch):
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow, quant_api, quantize_

    whole, small = (load(checkpoint, "edit", **kind).pipeline.transformer for kind in ({}, DYNAMIC))
    monkeypatch.setattr(quant_api, "_check_hardware_support", lambda _granularity: None)
    config = Float8DynamicActivationFloat8WeightConfig(granularity=PerRow(), set_inductor_config=False)
    theirs, ours = (model.transformer_blocks[0].attn.to_out for model in (whole, small))
    quantize_(theirs, config)
    expected, found = theirs[0].weight, ours[0].weight
    assert torch.equal(found.qdata.view(torch.uint8), expected.qdata.view(torch.uint8))
    assert torch.equal(found.scale, expected.scale)
    assert found.mm_config == expected.mm_config
    assert found.block_size == expected.block_size
    tokens = torch.randn(1, 50, 32).bfloat16()
    assert torch.equal(theirs[0](tokens), ours[0](tokens))


@pytest.mark.parametrize("layers", ["attention", "all"])
def test_edits_with_eight_bit_products_are_nearly_the_same_wherever_the_weights_lie(checkpoint, layers):
    ways = [{}, *({**DYNAMIC, "quantise_layers": layers, "memory": mode} for mode in ("resident", "tables", "group"))]
    loaded = [load(checkpoint, "plus-2511", **way) for way in ways]
    words, sampling = embeddings(loaded[0].pipeline, torch.bfloat16), Sampling(4.0, 3, 5)
    whole, *small = (latents(one, [picture(1)], words, sampling) for one in loaded)
    assert 0 < (small[0] - whole).float().norm() / whole.float().norm() < NEARLY
    assert all(torch.equal(one, small[0]) for one in small)


def test_results_say_which_layers_were_multiplied_in_eight_bits(checkpoint):
    told = [
        load(checkpoint, "edit", **settings).identity.revision.split(", ")
        for settings in ({}, {"quantise": "fp8"}, DYNAMIC, {**DYNAMIC, "quantise_layers": "mlp,attention"})
    ]
    assert [words[2] for words in told] == ["none", "fp8", "fp8-dynamic attention", "fp8-dynamic attention mlp"]


def test_an_older_card_is_refused_before_weights_are_looked_for(monkeypatch):
    monkeypatch.setattr(loading, "_device", lambda _settings: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (8, 0))
    with pytest.raises(
        SettingsError, match=r"QUANTISE=fp8-dynamic needs .* 8\.9 or more, and cuda is of 8\.0: use fp8"
    ):
        loading.load(QwenSettings(model=MODELS["edit"], weights="/nowhere", **DYNAMIC))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (9, 0))
    quantisation.ensure_runs(Quantise.FP8_DYNAMIC, torch.device("cuda"))


@pytest.mark.parametrize("kind", ["fp8", "fp8-dynamic"])
def test_what_is_not_installed_is_named(checkpoint, kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao", None)
    with pytest.raises(UnknownEngine, match="pip install torchao"):
        load(checkpoint, "edit", quantise=kind)


def test_layers_are_named_in_the_environment_and_what_cannot_be_meant_is_refused(monkeypatch):
    from tasks.environment import read

    assert read(QwenSettings).quantise_layers == {Layers.ATTENTION}
    monkeypatch.setenv("EDIT_FLOWS_QWEN_QUANTISE", "fp8-dynamic")
    for named, layers in [("mlp", {Layers.MLP}), ("attention, mlp", set(Layers)), ("all", set(Layers))]:
        monkeypatch.setenv("EDIT_FLOWS_QWEN_QUANTISE_LAYERS", named)
        assert read(QwenSettings).quantise_layers == layers
    for named, message in [("heads", "LAYERS='heads'.*'attention' or 'mlp'"), (",", "at least 1")]:
        monkeypatch.setenv("EDIT_FLOWS_QWEN_QUANTISE_LAYERS", named)
        with pytest.raises(SettingsError, match=message):
            read(QwenSettings)
    monkeypatch.setenv("EDIT_FLOWS_QWEN_QUANTISE_LAYERS", "mlp")
    monkeypatch.setenv("EDIT_FLOWS_QWEN_QUANTISE", "fp8")
    with pytest.raises(SettingsError, match=r"QUANTISE_LAYERS.*EDIT_FLOWS_QWEN_QUANTISE=fp8-dynamic"):
        read(QwenSettings)


def test_the_bytes_said_to_be_saved_are_those_of_the_real_model():
    with torch.device("meta"):
        transformer = QwenImageTransformer2DModel(num_layers=1)
    block = transformer.transformer_blocks[0]
    parameters = {
        name: weight.numel()
        for name, weight in block.named_parameters()
        if weight.ndim == 2 and not set(SPARED) & set(name.split("."))
    }
    whole = 60 * sum(parameters.values())
    assert quantisation.saved(Quantise.FP8, set()) == pytest.approx(whole, rel=0.005)
    assert quantisation.saved(Quantise.NF4, set()) == pytest.approx(1.5 * whole, rel=0.005)
    assert quantisation.saved(Quantise.NONE, set(Layers)) == 0
    for layers, places in [({Layers.ATTENTION}, ATTENTION), ({Layers.MLP}, MLP), (set(Layers), ATTENTION | MLP)]:
        named = 60 * sum(parameters[f"{place}.weight"] for place in places)
        scales = 60 * 4 * sum(block.get_submodule(place).out_features for place in places)
        assert quantisation.saved(Quantise.FP8_DYNAMIC, layers) == pytest.approx(named - scales, rel=0.005)
