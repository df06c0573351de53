"""Questions to a tiny Qwen2.5-VL whose answers were recorded under transformers 4.56 (`answer.py`).

    python -m tests.reference.ask FOLDER

Weights depend on nothing but their names (tests/checkpoints.py), so that only the answers are kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature

from tasks.engines.qwen import prompts
from tasks.engines.qwen.catalogue import Family
from tasks.engines.qwen.loading import Loaded, load
from tasks.engines.qwen.settings import QwenSettings
from tests import checkpoints

PROMPTS = {
    "short": "make the cat red",
    "korean": "'안녕하세요'를 '환영합니다'로 바꿔줘",
    "blank": " ",
}
PICTURES = ((112, 84), (84, 140))
"""Width and height of the pictures asked about; the second only of the model that takes several."""


def questions(loaded: Loaded) -> dict[str, BatchFeature]:
    """What the language model of a tiny checkpoint is given for each prompt, by name."""
    family = loaded.model.family
    pictures = [gradient(size) for size in PICTURES[: 1 if family is Family.EDIT else 2]]
    template = prompts.template(loaded.pipeline, family, len(pictures))
    return {
        f"{family.value} {name}": prompts.tokenize(loaded.pipeline, template.replace("{}", words), pictures)
        for name, words in PROMPTS.items()
    }


def gradient(size: tuple[int, int]) -> Image.Image:
    """A picture in which every pixel differs."""
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.stack([across, down, (across + down) / 2], axis=-1).astype(np.uint8))


def ask(folder: Path) -> None:
    """Write inputs, weights and configuration of the tiny model."""
    asked = {}
    for name, plus in (("qwen-image-edit", False), ("qwen-image-edit-2511", True)):
        checkpoint = checkpoints.build(folder / name, plus=plus)
        loaded = load(QwenSettings(model=name, weights=str(checkpoint), vision="off"), torch.float32)
        for question, inputs in questions(loaded).items():
            asked[question] = {key: value for key, value in inputs.items() if key != "mm_token_type_ids"}
    encoder = loaded.pipeline.text_encoder
    torch.save({"questions": asked, "weights": encoder.state_dict()}, folder / "questions.pt")
    (folder / "config.json").write_text(json.dumps(encoder.config.to_dict()))


if __name__ == "__main__":
    ask(Path(sys.argv[1]))
