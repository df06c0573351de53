"""Every shorter way gives what the stock pipelines of diffusers give, on tiny random weights.

No difference at all but for two: `vae` and `prompts` add the same numbers in another order.
"""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tasks.domain.errors import SettingsError
from tasks.engines.qwen import loading
from tasks.engines.qwen.blocks import FusedAttention, LastBlock
from tasks.engines.qwen.diffusion import Conditions, Sampling, denoise
from tasks.engines.qwen.fast import Fast, parse
from tasks.engines.qwen.geometry import brought_to
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import AREA, MODELS, engine, picture, plan, unheard
from tests.tasks.engines.qwen.test_diffusion import embeddings, stock
from tests.tasks.engines.qwen.test_lora import KOHYA, change

pytestmark = pytest.mark.usefixtures("stock_area")
SAME = "blocks,tables,attention,latents"
ROUNDED = {torch.float32: 1e-4, torch.bfloat16: 0.02}
"""Relative difference of latents where a convolution is made in two dimensions; roundings grow with the steps."""
WAYS = ["blocks", "tables", "attention", "vae", "latents", "all"]


def load(checkpoint, kind, dtype=torch.bfloat16, **settings):
    fields = {"model": MODELS[kind], "weights": str(checkpoint(kind)), "device": "cpu", "area": AREA, **settings}
    return loading.load(QwenSettings(**fields), dtype)


def latents(loaded, pictures, words, sampling, mask=None):
    sizes = [brought_to(shown.size, AREA) for shown in pictures]
    seen = [shown.resize(size, Image.Resampling.LANCZOS) for shown, size in zip(pictures, sizes, strict=True)]
    given = Conditions(words[0], words[1] if sampling.guidance > 1 else None, seen, sizes, mask)
    return denoise(loaded.pipeline, given, sampling, unheard, loaded.tables)


def assert_same(found, expected, ways):
    if ways in {"vae", "all"}:
        assert (found - expected).float().norm() <= ROUNDED[found.dtype] * expected.float().norm()
    else:
        assert torch.equal(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("guidance", [4.0, 1.0])
def test_one_picture_is_edited_as_by_the_stock_edit_pipeline(checkpoint, ways, guidance, dtype):
    whole, fast = load(checkpoint, "edit", dtype).pipeline, load(checkpoint, "edit", dtype, fast=ways)
    words, sampling = embeddings(whole, dtype), Sampling(guidance, 3, 5)
    for size in [(128, 128), (160, 96), (96, 192)]:
        expected = stock(whole, picture(1, size), words, sampling)
        assert_same(latents(fast, [picture(1, size)], words, sampling), expected, ways)


@pytest.mark.parametrize("kind", ["plus", "plus-2511"])
@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("guidance", [4.0, 1.0])
def test_several_pictures_are_edited_as_by_the_stock_plus_pipeline(checkpoint, kind, ways, guidance):
    whole, fast = load(checkpoint, kind).pipeline, load(checkpoint, kind, fast=ways)
    words, sampling = embeddings(whole, torch.bfloat16), Sampling(guidance, 3, 5)
    for others in [(), ((192, 96), (128, 128))]:
        pictures = [picture(seed, size) for seed, size in enumerate([(160, 96), *others], start=1)]
        width, height = brought_to((160, 96), AREA)
        expected = stock(whole, pictures, words, sampling, width=width, height=height)
        assert_same(latents(fast, pictures, words, sampling), expected, ways)


@pytest.mark.parametrize("settings", [{"memory": "tables"}, {"memory": "group"}, {"quantise": "fp8"}])
def test_every_layout_of_memory_takes_every_way(checkpoint, settings):
    quantised = {"quantise": settings["quantise"]} if "quantise" in settings else {}
    whole, fast = load(checkpoint, "plus-2511", **quantised), load(checkpoint, "plus-2511", fast="all", **settings)
    words, sampling = embeddings(whole.pipeline, torch.bfloat16), Sampling(4.0, 3, 5)
    results = [latents(loaded, [picture(1)], words, sampling) for loaded in (whole, fast)]
    assert_same(results[1], results[0], "all")


def test_a_lora_and_a_mask_make_the_difference_they_make_without(checkpoint, tmp_path):
    file = tmp_path / "lightning.safetensors"
    save_file(change(load(checkpoint, "edit", torch.float32).pipeline.transformer, KOHYA), file)
    named = {"model": "qwen-image-edit-lightning-4", "lora": str(file)}
    mask = Image.new("L", (128, 128), 0)
    mask.paste(255, (40, 20, 110, 70))
    whole, fast = (engine(checkpoint("edit"), "edit", torch.bfloat16, fast=ways, **named) for ways in ("", SAME))
    plain = engine(checkpoint("edit"), "edit", torch.bfloat16, fast=SAME)
    same = plan(cfg_scale=1.0, steps=4)
    pictures = [made.edit(picture(), same, mask, unheard).image.tobytes() for made in (whole, fast, plain)]
    assert pictures[0] == pictures[1] != pictures[2]


def test_blocks_hold_fewer_layers_and_as_many_weights(checkpoint):
    whole, fast = (load(checkpoint, "edit", fast=ways).pipeline.transformer for ways in ("", "blocks"))
    layers = [sum(isinstance(part, torch.nn.Linear) for part in model.modules()) for model in (whole, fast)]
    assert layers[0] - layers[1] == 4 * len(whole.transformer_blocks)
    assert sum(w.numel() for w in whole.parameters()) == sum(w.numel() for w in fast.parameters())
    assert all(isinstance(block.attn.processor, FusedAttention) for block in fast.transformer_blocks)
    assert [isinstance(block, LastBlock) for block in fast.transformer_blocks] == [False, False, True]


def test_the_last_block_gives_the_new_picture_alone(checkpoint):
    transformer = load(checkpoint, "plus", fast="blocks").pipeline.transformer
    given = {
        "hidden_states": torch.ones(1, 64 + 48, 64, dtype=torch.bfloat16),
        "encoder_hidden_states": torch.ones(1, 9, 32, dtype=torch.bfloat16),
        "timestep": torch.ones(1),
    }
    shapes = [[(1, 8, 8), (1, 8, 6)]]
    assert transformer(**given, img_shapes=shapes, return_dict=False)[0].shape == (1, 64, 64)


def test_positions_are_made_once_a_shape(checkpoint):
    positions = load(checkpoint, "edit", fast="blocks").pipeline.transformer.pos_embed
    one, again, other = (positions([[(1, 8, 8), (1, 8, 6)]], length, torch.device("cpu")) for length in (9, 9, 10))
    assert one is again
    assert other.text.cosine.shape[0] == 10


def test_what_may_change_a_pixel_is_part_of_the_identity(checkpoint):
    revisions = [
        load(checkpoint, "edit", fast=ways).identity.revision for ways in ("", "tables,latents", "blocks,attention")
    ]
    assert revisions[0] == revisions[1]  # the same bit for bit
    assert "fast blocks, attention native" in revisions[2]


def test_ways_are_named_in_the_environment_and_unknown_ones_refused(monkeypatch):
    from tasks.environment import read

    assert QwenSettings().fast == frozenset()
    monkeypatch.setenv("EDIT_FLOWS_QWEN_FAST", "blocks, tables")
    assert read(QwenSettings).fast == {Fast.BLOCKS, Fast.TABLES}
    monkeypatch.setenv("EDIT_FLOWS_QWEN_FAST", "all")
    assert read(QwenSettings).fast == frozenset(Fast) == parse("all")
    monkeypatch.setenv("EDIT_FLOWS_QWEN_FAST", "warp")
    with pytest.raises(SettingsError, match=r"EDIT_FLOWS_QWEN_FAST.*warp"):
        read(QwenSettings)


def test_a_picture_edited_again_is_encoded_once_and_the_edit_is_the_same(checkpoint):
    editor, encoded, looked = engine(checkpoint("plus"), "plus", fast="latents,prompts"), [], []
    editor._loaded.pipeline.vae.encoder.register_forward_hook(lambda *_: encoded.append(1))
    editor._loaded.pipeline.text_encoder.model.visual.register_forward_hook(lambda *_: looked.append(1))
    first, again = (editor.edit(picture(1), plan(), None, unheard).image.tobytes() for _ in range(2))
    other = editor.edit(picture(2), plan(), None, unheard).image.tobytes()
    assert first == again != other
    assert len(encoded) == len(looked) == 2


def test_four_bit_weights_cannot_be_joined(checkpoint):
    with pytest.raises(SettingsError, match="FAST=blocks"):
        load(checkpoint, "edit", quantise="nf4", fast="blocks")
