"""A judgement of a candidate: the digit a vision-language model would answer with, expected over all digits.

The expectation over ten digits tells results apart that the same single digit would not. Each question is put twice,
with the scale running up and down, because models favour some digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from tasks.engines.assistant.asking import belief
from tasks.engines.vision import VisionModel

DIGITS = "0123456789"
BOTH_WAYS = (tuple(DIGITS), tuple(reversed(DIGITS)))

FOLLOWED = "How completely does the second picture show what was asked for?"
CONSISTENT = (
    "Apart from what was asked for, how well is the first picture kept in the second: things, faces, lettering, "
    "colours, framing?"
)


class Judgement(NamedTuple):
    """Expected scores, 0 (not at all) to 9 (perfectly)."""

    followed: float
    consistent: float


def judge(vision: VisionModel, source: Image.Image, candidate: Image.Image, prompt: str) -> Judgement:
    """How well `candidate` follows `prompt`, and how well the rest of `source` was kept.

    Four forward passes: two questions, each with the scale both ways. Raises `EngineError` when the model fails.
    """
    pictures = (source, candidate)
    return Judgement(
        followed=_expected(vision, pictures, prompt, FOLLOWED),
        consistent=_expected(vision, pictures, prompt, CONSISTENT),
    )


def _expected(vision: VisionModel, pictures: Sequence[Image.Image], prompt: str, asked: str) -> float:
    def question(labels: Sequence[str]) -> str:
        return (
            "The first picture is a photograph or drawing before a change, the second is the same after it. What was "
            f"asked for:\n<instruction>\n{prompt}\n</instruction>\n{asked}\n"
            f"Score it with one digit: {labels[0]} means not at all, {labels[-1]} means perfectly. "
            "Answer with the digit alone."
        )

    likely = belief(vision, pictures, question, BOTH_WAYS)
    return sum(score * probability for score, probability in enumerate(likely))
