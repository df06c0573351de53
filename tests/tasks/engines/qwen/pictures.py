"""Pictures and plans the tests of this engine share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tasks.domain.contracts import draw_contract
from tasks.domain.models import EditPlan, EditType
from tasks.engines.qwen.engine import QwenEngine
from tasks.engines.qwen.settings import QwenSettings

AREA = 128 * 128

MODELS = {"edit": "qwen-image-edit", "plus": "qwen-image-edit-2509", "plus-2511": "qwen-image-edit-2511"}


def picture(seed: int = 1, size: tuple[int, int] = (128, 128), mode: str = "RGB") -> Image.Image:
    """A patchwork of 8 x 8 random colours."""
    colours = np.random.default_rng(seed).integers(0, 255, (8, 8, len(mode)), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)


def plan(prompt: str = "make the cat red", **changes: Any) -> EditPlan:
    fields = {"negative_prompt": " ", "cfg_scale": 4.0, "steps": 3, "seed": 7, **changes}
    return EditPlan(contract=draw_contract(prompt, EditType.SEMANTIC, masked=False), prompt=prompt, **fields)


def engine(folder: Path, kind: str, dtype: torch.dtype = torch.float32, **settings: Any) -> QwenEngine:
    fields = {"model": MODELS[kind], "weights": str(folder), "area": AREA, "device": "cpu", "vision": "on", **settings}
    return QwenEngine(QwenSettings(**fields), dtype)


def unheard(_done: int, _total: int) -> None:
    """A report nobody waits for."""
