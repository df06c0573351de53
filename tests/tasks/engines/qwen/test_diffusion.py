"""The engine's own loop against the stock pipelines of diffusers, given the same embeddings: no difference at all."""

from __future__ import annotations

import diffusers
import pytest
import torch
from PIL import Image

from tasks.domain.errors import SettingsError
from tasks.engines.qwen import loading
from tasks.engines.qwen.diffusion import Conditions, Sampling, decode, denoise
from tasks.engines.qwen.geometry import brought_to
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import AREA, MODELS, picture, unheard

pytestmark = pytest.mark.usefixtures("stock_area")
SIZES = [(128, 128), (160, 96), (96, 192)]


def load(checkpoint, kind, dtype=torch.float32, **settings):
    fields = {"model": MODELS[kind], "weights": str(checkpoint(kind)), "device": "cpu", **settings}
    return loading.load(QwenSettings(**fields), dtype).pipeline


def embeddings(pipeline, dtype, seed=0):
    width = pipeline.transformer.config.joint_attention_dim
    return [
        torch.randn(1, length, width, generator=torch.Generator().manual_seed(seed), dtype=dtype) for length in (29, 23)
    ]


def stock(pipeline, pictures, words, sampling, **more):
    positive, negative = words
    return pipeline(
        image=pictures,
        prompt_embeds=positive,
        prompt_embeds_mask=torch.ones(positive.shape[:2], dtype=torch.long),
        negative_prompt_embeds=negative,
        negative_prompt_embeds_mask=torch.ones(negative.shape[:2], dtype=torch.long),
        true_cfg_scale=sampling.guidance,
        num_inference_steps=sampling.steps,
        generator=torch.Generator().manual_seed(sampling.seed),
        output_type="latent",
        **more,
    ).images


def own(pipeline, pictures, words, sampling, mask=None):
    sizes = [brought_to(shown.size, AREA) for shown in pictures]
    seen = [shown.resize(size, Image.Resampling.LANCZOS) for shown, size in zip(pictures, sizes, strict=True)]
    negative = words[1] if sampling.guidance > 1 else None
    return denoise(pipeline, Conditions(words[0], negative, seen, sizes, mask), sampling, unheard)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("guidance", [4.0, 1.0])
@pytest.mark.parametrize("size", SIZES)
def test_one_picture_is_edited_as_by_the_stock_edit_pipeline(checkpoint, size, guidance, dtype):
    pipeline, sampling = load(checkpoint, "edit", dtype), Sampling(guidance, 3, 5)
    words = embeddings(pipeline, dtype)
    expected = stock(pipeline, picture(1, size), words, sampling)
    assert torch.equal(own(pipeline, [picture(1, size)], words, sampling), expected)


@pytest.mark.parametrize("kind", ["plus", "plus-2511"])
@pytest.mark.parametrize("guidance", [4.0, 1.0])
@pytest.mark.parametrize("others", [(), ((192, 96), (128, 128))])
def test_several_pictures_are_edited_as_by_the_stock_plus_pipeline(checkpoint, kind, guidance, others):
    pipeline, sampling = load(checkpoint, kind, torch.bfloat16), Sampling(guidance, 3, 5)
    words = embeddings(pipeline, torch.bfloat16)
    pictures = [picture(seed, size) for seed, size in enumerate([(160, 96), *others], start=1)]
    width, height = brought_to((160, 96), AREA)  # stock takes the shape of the last picture, the engine the first one's
    expected = stock(pipeline, pictures, words, sampling, width=width, height=height)
    assert torch.equal(own(pipeline, pictures, words, sampling), expected)


@pytest.mark.parametrize("guidance", [4.0, 1.0])
def test_a_masked_edit_is_that_of_the_stock_inpaint_pipeline(checkpoint, guidance, monkeypatch):
    plain = load(checkpoint, "edit")
    inpaint = diffusers.QwenImageEditInpaintPipeline(**plain.components)
    # the stock one draws the source's latents from the VAE's distribution, the engine takes the likeliest
    monkeypatch.setattr(inpaint, "_encode_vae_image", plain._encode_vae_image)
    sampling, words, shown = Sampling(guidance, 5, 5), embeddings(plain, torch.float32), picture(1, (160, 96))
    mask = Image.new("L", shown.size, 0)
    mask.paste(255, (40, 20, 110, 70))
    expected = stock(inpaint, shown, words, sampling, mask_image=mask, strength=1.0)
    assert torch.equal(own(plain, [shown], words, sampling, mask), expected)


def test_the_picture_is_decoded_as_by_the_stock_pipeline(checkpoint):
    pipeline, sampling = load(checkpoint, "edit"), Sampling(4.0, 2, 5)
    words, shown = embeddings(pipeline, torch.float32), picture(1, (160, 96))
    latents = stock(pipeline, shown, words, sampling)
    pixels = decode(pipeline, latents, brought_to(shown.size, AREA))
    positive, negative = words
    whole = pipeline(
        image=shown,
        prompt_embeds=positive,
        negative_prompt_embeds=negative,
        true_cfg_scale=4.0,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(5),
    ).images[0]
    assert pixels.tobytes() == whole.tobytes()


@pytest.mark.parametrize("kind", ["edit", "plus-2511"])
@pytest.mark.parametrize("memory", ["tables", "group"])
def test_where_the_weights_lie_makes_no_difference(checkpoint, kind, memory):
    words = embeddings(load(checkpoint, kind), torch.bfloat16)
    results = []
    for mode in ("resident", memory):
        loaded = loading.load(
            QwenSettings(model=MODELS[kind], weights=str(checkpoint(kind)), device="cpu", memory=mode), torch.bfloat16
        )
        shown = picture(1)
        given = Conditions(words[0], words[1], [shown], [shown.size])
        results += [denoise(loaded.pipeline, given, Sampling(4.0, 4, 5), unheard, loaded.tables) for _ in range(2)]
    assert all(torch.equal(result, results[0]) for result in results)


def test_modulation_in_tables_takes_the_layers_out_of_the_model(checkpoint):
    whole, tabled = (load(checkpoint, "edit", memory=mode).transformer for mode in ("resident", "tables"))
    modulation = sum(
        weight.numel() for block in whole.transformer_blocks for part in (block.img_mod, block.txt_mod)
        for weight in part.parameters()
    )  # fmt: skip
    assert sum(w.numel() for w in whole.parameters()) - sum(w.numel() for w in tabled.parameters()) == modulation > 0


def test_tables_hold_what_a_schedule_needs_however_many_there_were_before(checkpoint, monkeypatch):
    monkeypatch.setattr("tasks.engines.qwen.modulation.MOST", 20)
    settings = QwenSettings(model=MODELS["edit"], weights=str(checkpoint("edit")), device="cpu", memory="tables")
    loaded = loading.load(settings, torch.float32)
    whole = load(checkpoint, "edit")
    words, shown = embeddings(whole, torch.float32), picture(1)
    given = Conditions(words[0], words[1], [shown], [shown.size])
    for steps in (7, 8, 9, 25, 7, 11):
        sampling = Sampling(4.0, steps, 5)
        expected = denoise(whole, given, sampling, unheard)
        assert torch.equal(denoise(loaded.pipeline, given, sampling, unheard, loaded.tables), expected)


def test_blocks_are_only_compiled_where_all_weights_are_on_the_device(checkpoint):
    with pytest.raises(SettingsError, match="COMPILED"):
        load(checkpoint, "edit", memory="group", compiled=True)
