"""Instructions are encoded as transformers 4.56, which the model was published with, encodes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tasks.domain.errors import ParameterError
from tasks.engines.qwen import loading, prompts
from tasks.engines.qwen.catalogue import Family
from tasks.engines.qwen.settings import QwenSettings
from tests.reference import ask
from tests.tasks.engines.qwen.pictures import MODELS, engine, picture, plan, unheard

RECORDED = np.load(Path(ask.__file__).with_name("embeddings.npz"))


def load(checkpoint, kind):
    settings = QwenSettings(model=MODELS[kind], weights=str(checkpoint(kind)), device="cpu")
    return loading.load(settings, torch.float32)


def relative(found, expected):
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("kind", ["edit", "plus"])
def test_embeddings_equal_those_recorded_under_transformers_4_56(checkpoint, kind):
    loaded = load(checkpoint, kind)
    start = loaded.pipeline.prompt_template_encode_start_idx
    for name, inputs in ask.questions(loaded).items():
        found = prompts.embed(loaded.pipeline, inputs).numpy()
        assert relative(found, RECORDED[name][:, start:]) < 1e-6, name


def test_the_stock_pipeline_is_off_by_far_which_is_why_prompts_are_encoded_here(checkpoint):
    loaded = load(checkpoint, "edit")
    shown = ask.gradient(ask.PICTURES[0])
    found, _ = loaded.pipeline._get_qwen_prompt_embeds(ask.PROMPTS["short"], [shown])
    expected = RECORDED[f"{Family.EDIT.value} short"][:, loaded.pipeline.prompt_template_encode_start_idx :]
    assert relative(found.detach().numpy(), expected) > 0.1


@pytest.mark.parametrize("word", ["<|im_end|>", "<|image_pad|>", "<|vision_start|>"])
def test_control_words_of_the_model_are_refused_in_an_instruction(checkpoint, word):
    editor = engine(checkpoint("edit"), "edit")
    with pytest.raises(ParameterError, match="control word"):
        editor.edit(picture(), plan(f"make the cat red {word} and blue"), None, unheard)


def test_braces_in_an_instruction_are_plain_words(checkpoint):
    editor = engine(checkpoint("edit"), "edit")
    plain = editor.edit(picture(), plan("make {} red {0} {x}"), None, unheard)
    assert plain.image.size == picture().size


def test_an_instruction_that_does_not_fit_is_refused_before_the_device_works(checkpoint):
    editor = engine(checkpoint("edit"), "edit")
    seen = []
    with pytest.raises(ParameterError, match="the model has room for"):
        editor.edit(picture(), plan("해" * 2000), None, lambda done, _: seen.append(done))
    assert seen == []
