"""The attention kernel is chosen by its time."""

from __future__ import annotations

import pytest
import torch

from tasks.engines.qwen import attention, loading
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import AREA, MODELS

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
