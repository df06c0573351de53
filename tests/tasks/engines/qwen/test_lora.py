"""A LoRA fused without an adapter equals PEFT's, and one that does not belong is refused whole."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from tasks.domain.errors import SettingsError
from tasks.engines.qwen import loading, lora
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import engine, picture, plan, unheard


def load(checkpoint, **settings):
    settings = {"model": "qwen-image-edit", "weights": str(checkpoint("edit")), "device": "cpu", **settings}
    return loading.load(QwenSettings(**settings), torch.float32).pipeline


def change(transformer, form, places="transformer_blocks", seed=0, alpha=8.0):
    """A LoRA of rank 4 on every linear layer of the blocks, or of other places, named as a tool names it."""
    down, up, prefix = form
    random, tensors = torch.Generator().manual_seed(seed), {}
    for name, layer in transformer.named_modules():
        if isinstance(layer, torch.nn.Linear) and name.startswith(places):
            tensors[f"{prefix}{name}.{down}.weight"] = torch.randn(4, layer.in_features, generator=random) * 0.1
            tensors[f"{prefix}{name}.{up}.weight"] = torch.randn(layer.out_features, 4, generator=random) * 0.1
            if down == "lora_down":
                tensors[f"{prefix}{name}.alpha"] = torch.tensor(alpha)
    return tensors


KOHYA = ("lora_down", "lora_up", "")
PEFT = ("lora_A", "lora_B", "transformer.")
COMFY = ("lora_A.default", "lora_B.default", "diffusion_model.")


@pytest.mark.parametrize("form", [KOHYA, PEFT])
def test_fused_weights_equal_those_fused_by_peft(checkpoint, form, tmp_path):
    own, peft = load(checkpoint), load(checkpoint)
    tensors = change(own.transformer, form)
    save_file(tensors, tmp_path / "lora.safetensors")
    changes = lora.read(own.transformer, tensors, source="lora")
    assert len(changes) > 20
    lora.fuse(own.transformer, changes)
    peft.load_lora_weights(tmp_path / "lora.safetensors")
    peft.fuse_lora()
    peft.unload_lora_weights()
    expected = dict(peft.transformer.named_parameters())
    for name, weight in own.transformer.named_parameters():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-6)


def test_every_way_of_naming_layers_gives_the_same(checkpoint):
    one, other = load(checkpoint).transformer, load(checkpoint).transformer
    lora.fuse(one, lora.read(one, change(one, PEFT), source="peft"))
    lora.fuse(other, lora.read(other, change(other, COMFY), source="comfy"))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_weights_are_rounded_once(checkpoint):
    """In bf16 the sum is made in fp32: adding the rounded parts would be off."""
    transformer = load(checkpoint).transformer
    exact = {name: weight.float().clone() for name, weight in transformer.to(torch.bfloat16).named_parameters()}
    tensors = change(transformer, PEFT)
    lora.fuse(transformer, lora.read(transformer, tensors, source="lora"))
    name = "transformer_blocks.0.attn.to_q"
    up, down = (tensors[f"transformer.{name}.lora_{part}.weight"] for part in "BA")
    expected = (exact[f"{name}.weight"] + up @ down).to(torch.bfloat16)
    assert torch.equal(transformer.get_submodule(name).weight, expected)


@pytest.mark.parametrize(
    ("key", "shape", "message"),
    [
        ("transformer_blocks.0.attn.to_q.diff", (4, 4), "belongs to no LoRA"),
        ("text_model.layers.0.lora_A.weight", (4, 4), "no linear layer"),
        ("transformer_blocks.0.attn.to_q.lora_A.weight", (4, 32), "only down"),
    ],
)
def test_what_does_not_belong_is_refused(checkpoint, key, shape, message):
    transformer = load(checkpoint).transformer
    tensors = change(transformer, ("lora_A", "lora_B", ""))
    tensors = {
        name: tensor for name, tensor in tensors.items() if not name.startswith(key.rpartition(".lora")[0] or "-")
    }
    with pytest.raises(SettingsError, match=message):
        lora.read(transformer, {**tensors, key: torch.zeros(shape)}, source="odd.safetensors")


def test_a_lora_of_another_width_is_refused(checkpoint):
    transformer = load(checkpoint).transformer
    tensors = change(transformer, PEFT)
    tensors["transformer.transformer_blocks.0.attn.to_q.lora_A.weight"] = torch.zeros(4, 48)
    with pytest.raises(
        SettingsError, match=r"wide.*'transformer_blocks.0.attn.to_q' is .*\(4, 48\), which does not fit"
    ):
        lora.read(transformer, tensors, source="wide.safetensors")


def test_a_distilled_model_is_loaded_with_its_lora_schedule_and_recipe(checkpoint, tmp_path):
    file = tmp_path / "lightning.safetensors"
    save_file(change(load(checkpoint).transformer, KOHYA), file)
    base = engine(checkpoint("edit"), "edit")
    fast = engine(checkpoint("edit"), "edit", model="qwen-image-edit-lightning-4", lora=str(file))
    recipe = next(iter(fast.traits.recipes.values()))
    assert (recipe.steps, recipe.cfg_scale, fast.traits.tunable) == (4, 1.0, False)
    assert fast._loaded.model.shift_of("") == 3
    same = plan(cfg_scale=1.0, steps=4)
    pictures = [made.edit(picture(), same, None, unheard).image.tobytes() for made in (base, fast)]
    assert pictures[0] != pictures[1]
    assert base.identity.revision[:12] != fast.identity.revision[:12]


def test_a_lora_for_a_model_that_takes_none_is_refused(checkpoint, tmp_path):
    with pytest.raises(SettingsError, match="has no LoRA"):
        load(checkpoint, lora=str(tmp_path / "any.safetensors"))


@pytest.mark.parametrize("content", [b"junk", b""])
def test_a_file_that_holds_no_lora_is_refused(checkpoint, tmp_path, content):
    file = tmp_path / "lightning.safetensors"
    file.write_bytes(content)
    if not content:
        save_file({}, file)
    with pytest.raises(SettingsError, match="lightning"):
        load(checkpoint, model="qwen-image-edit-lightning-4", lora=str(file))
