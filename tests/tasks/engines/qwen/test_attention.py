"""The attention kernel is chosen by its time."""

from __future__ import annotations

import pytest
import torch
from diffusers.models import attention_dispatch

from tasks.engines.qwen import attention, loading
from tasks.engines.qwen.diffusion import Sampling
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import AREA, MODELS, picture
from tests.tasks.engines.qwen.test_diffusion import embeddings
from tests.tasks.engines.qwen.test_fast import latents, load

CPU = torch.device("cpu")


@pytest.fixture
def transformer(checkpoint):
    settings = QwenSettings(model=MODELS["edit"], weights=str(checkpoint("edit")), device="cpu")
    return loading.load(settings, torch.float32).pipeline.transformer


def test_the_chosen_kernel_is_what_every_block_attends_with(transformer):
    best = attention.use_fastest(transformer, CPU, AREA)
    assert {processor._attention_backend.value for processor in transformer.attn_processors.values()} == {best}


def test_a_kernel_must_be_faster_by_more_than_noise(transformer, monkeypatch):
    monkeypatch.setattr(attention, "WORTH", 0.0)
    assert attention.use_fastest(transformer, CPU, AREA) == "native"
    monkeypatch.setattr(attention, "WORTH", 1e9)
    monkeypatch.setitem(attention.CANDIDATES, "cpu", ("native", "_native_math"))
    assert attention.use_fastest(transformer, CPU, 4 * 512 * 512) == "native"  # math is several times slower


def test_a_kernel_that_is_not_for_this_device_is_passed_over(transformer, monkeypatch):
    monkeypatch.setitem(attention.CANDIDATES, "cpu", ("_native_cudnn", "native"))
    assert attention.use_fastest(transformer, CPU, AREA) == "native"


class Told:
    """A timer by which plain arithmetic takes half as long as anything else."""

    def __init__(self, _statement, globals):  # noqa: A002  as torch's own
        self.median = 0.5 if globals["name"] == "_native_math" else 1.0

    def blocked_autorange(self, min_run_time):  # noqa: ARG002  as torch's own
        return self


@pytest.mark.parametrize("ways", ["attention", "blocks,attention"])
def test_every_block_attends_with_the_kernel_that_was_faster_shortened_or_not(checkpoint, ways, monkeypatch):
    kernels = attention_dispatch._AttentionBackendRegistry._backends
    name = attention_dispatch.AttentionBackendName._NATIVE_MATH
    math, lengths = kernels[name], []

    def counted(**named):
        lengths.append((named["query"].shape[1], named["key"].shape[1]))
        return math(**named)

    monkeypatch.setattr(attention, "Timer", Told)
    plain = load(checkpoint, "plus", torch.float32)
    chosen = load(checkpoint, "plus", torch.float32, fast=ways)
    assert "attention _native_math" in chosen.identity.revision.split(", ")
    monkeypatch.setitem(kernels, name, counted)
    words, sampling = embeddings(plain.pipeline, torch.float32), Sampling(4.0, 2, 5)
    expected, found = (latents(made, [picture(1)], words, sampling) for made in (plain, chosen))
    assert (found - expected).norm() <= 1e-4 * expected.norm()
    assert len(lengths) == 2 * 2 * len(chosen.pipeline.transformer.transformer_blocks)
    shorter = [asked for asked, known in lengths if asked < known]
    # the last block of the shortened asks for the new picture alone, at each step with guidance and without
    assert shorter == ([8 * 8] * 4 if "blocks" in ways else [])
