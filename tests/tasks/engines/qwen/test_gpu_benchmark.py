"""The benchmark of the card goes through all its parts on a CPU; what it says there of time means nothing."""

from __future__ import annotations

import json

import pytest
import torch

from tasks.engines.qwen.diffusion import Sampling
from tests.benchmarks import gpu
from tests.benchmarks.random_weights import TINY

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    monkeypatch.setattr(gpu, "SIDES", {**gpu.SIDES, "40 steps guided": Sampling(4.0, 6, 0)})


@pytest.mark.filterwarnings("ignore")
def test_every_part_is_measured_and_latents_are_those_of_stock(tmp_path):
    found = gpu.measure(TINY, CPU, 600, tmp_path / "gpu.json")
    assert json.loads((tmp_path / "gpu.json").read_text()) == found
    assert found["latents"] == {
        "relative difference": pytest.approx(0, abs=0.02),
        "again the same": True,
        "finite": True,
    }
    for side in ("naive", "stock tuned", "ours cold", "ours, the same picture"):
        assert all(found[side][name]["s"] > 0 for name in gpu.SIDES)
    assert all(costs["s"] > 0 for costs in (found["small"], found["draft"]["off"], found["draft"]["on"]))
    for layers in ("and attention", "and mlp"):
        assert 0 < found["8-bit products"][layers]["relative difference"] < 0.2
    assert found["limits"]["TFLOP/s"] > 0
    assert found["summary"]["ours / floor"] is not None


@pytest.mark.filterwarnings("ignore")
def test_what_no_longer_fits_into_the_time_is_named_as_left_out():
    found = gpu.measure(TINY, CPU, 0, None)
    assert found["naive"] == found["ours cold"] == {"left out": "no time"}
    assert found["summary"]["naive / ours"] is None
    assert "relative difference" in found["latents"]
