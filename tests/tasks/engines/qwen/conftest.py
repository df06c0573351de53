"""Tiny checkpoints of the three pipelines, built once, and the stock pipelines at a size a test can afford."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

AREA = 128 * 128
"""Pixels worked at: the models were trained for 64 times as many, which takes ten seconds a step on a CPU."""

PIPELINES = "diffusers.pipelines.qwenimage.pipeline_qwenimage_edit"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a tiny checkpoint: `edit`, `plus`, or `plus-2511` (zero_cond_t)."""
    from tests import checkpoints

    built: dict[str, Path] = {}

    def get(kind: str) -> Path:
        if kind not in built:
            folder = tmp_path_factory.mktemp(kind)
            built[kind] = checkpoints.build(folder, plus=kind != "edit", zero_cond_t=kind == "plus-2511", layers=3)
        return built[kind]

    return get


@pytest.fixture
def stock_area(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stock pipelines work at AREA: they have a megapixel written into them."""
    for suffix in ("", "_plus", "_inpaint"):
        module = importlib.import_module(PIPELINES + suffix)
        stock = module.calculate_dimensions

        def small(area, ratio, stock=stock):
            return stock(AREA if area == 1024 * 1024 else area, ratio)

        monkeypatch.setattr(module, "calculate_dimensions", small)
