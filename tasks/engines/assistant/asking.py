"""A question with a fixed set of answers, put once per labelling, without generation.

A language model likes some letters and digits better than others, whatever they stand for. Each answer is therefore
given another label each time, and what the model believes is averaged in logarithms: a label that is favoured by some
factor is favoured in every labelling, so when each answer carries each label once, the factor cancels exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log, sqrt

from PIL import Image

from tasks.engines.vision import VisionModel

SHOWN_AT = 768 * 768
"""Pixels of a picture the model is shown at most: about 750 of its tokens, enough to read a headline."""

FLOOR = 1e-4
"""Probabilities below count as this one, so that a single labelling cannot rule an answer out."""


def belief(
    vision: VisionModel,
    pictures: Sequence[Image.Image],
    question: Callable[[Sequence[str]], str],
    labellings: Sequence[Sequence[str]],
) -> tuple[float, ...]:
    """How likely each answer is, summing to 1, in the order in which every labelling lists its label.

    `question` writes the question for one labelling. One forward pass per labelling. Raises `EngineError`.
    """
    shown = [reduced(picture) for picture in pictures]
    logs = [0.0] * len(labellings[0])
    for labels in labellings:
        likely = vision.probabilities(shown, question(labels), labels)
        for answer, label in enumerate(labels):
            logs[answer] += log(max(likely[label], FLOOR))
    weights = [exp(total / len(labellings)) for total in logs]
    return tuple(weight / sum(weights) for weight in weights)


def rotations(labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The labellings in which each answer carries each label once."""
    return tuple((*labels[turn:], *labels[:turn]) for turn in range(len(labels)))


def reduced(picture: Image.Image) -> Image.Image:
    """What the model is shown: RGB, transparency on white, at most `SHOWN_AT` pixels."""
    plain = picture
    if picture.mode == "RGBA":
        plain = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    plain = plain.convert("RGB")
    scale = sqrt(SHOWN_AT / (plain.width * plain.height))
    if scale >= 1:
        return plain
    size = (max(1, int(plain.width * scale)), max(1, int(plain.height * scale)))
    return plain.resize(size, Image.Resampling.LANCZOS)
