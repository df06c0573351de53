"""Words after pictures that were seen before are embedded as if all were seen anew."""

from __future__ import annotations

import pytest
import torch

from tasks.engines.qwen import loading, prompts
from tasks.engines.qwen.prefixes import KEPT, Prefixes
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import MODELS, picture


def load(checkpoint, kind, dtype):
    settings = QwenSettings(model=MODELS[kind], weights=str(checkpoint(kind)), device="cpu")
    loaded = loading.load(settings, dtype)
    return loaded.pipeline, loaded.model.family


def tokenize(pipeline, family, words, pictures):
    text = prompts.template(pipeline, family, len(pictures)).replace("{}", words)
    return prompts.tokenize(pipeline, text, pictures)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
@pytest.mark.parametrize("kind", ["edit", "plus"])
def test_embeddings_are_those_of_the_whole(checkpoint, kind, dtype, error):
    pipeline, family = load(checkpoint, kind, dtype)
    prefixes = Prefixes(pipeline)
    for shown in [[picture(1, (112, 84))], [picture(2, (84, 84)), picture(3, (56, 112))][: 1 + (kind == "plus")]]:
        for words in ["make the cat red", " ", "하늘을 파랗게 바꿔 주세요", "make the cat red"]:
            inputs = tokenize(pipeline, family, words, shown)
            expected = prompts.embed(pipeline, tokenize(pipeline, family, words, shown))
            found = prefixes.embed(inputs)
            assert found.shape == expected.shape
            assert (found - expected).float().norm() <= error * expected.float().norm()


def test_pictures_are_looked_at_once_and_the_latest_are_remembered(checkpoint):
    pipeline, family = load(checkpoint, "edit", torch.float32)
    prefixes, looked = Prefixes(pipeline), []
    pipeline.text_encoder.model.visual.register_forward_hook(lambda *_: looked.append(1))
    for words in ["red", "blue", " "]:
        prefixes.embed(tokenize(pipeline, family, words, [picture(1, (56, 56))]))
    assert len(looked) == 1
    for seed in range(2, KEPT + 2):
        prefixes.embed(tokenize(pipeline, family, "red", [picture(seed, (56, 56))]))
    assert len(looked) == KEPT + 1
    prefixes.embed(tokenize(pipeline, family, "red", [picture(1, (56, 56))]))  # forgotten
    assert len(looked) == KEPT + 2


def test_an_embedding_that_fails_harms_no_later_one(checkpoint):
    pipeline, family = load(checkpoint, "edit", torch.float32)
    prefixes, shown = Prefixes(pipeline), [picture(1, (56, 56))]
    before = prefixes.embed(tokenize(pipeline, family, "red", shown))

    def fail(*_):
        raise torch.OutOfMemoryError("full")

    hook = pipeline.text_encoder.model.language_model.layers[1].register_forward_pre_hook(fail)
    with pytest.raises(torch.OutOfMemoryError):
        prefixes.embed(tokenize(pipeline, family, "blue", shown))
    hook.remove()
    assert torch.equal(prefixes.embed(tokenize(pipeline, family, "red", shown)), before)
