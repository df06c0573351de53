"""A vision-language model whose beliefs are written down, with a liking for some labels whatever they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from PIL import Image

from tasks.domain.errors import EngineError

PICTURE = Image.new("RGB", (64, 48), "teal")


class ScriptedVision:
    """Believes in answers by weight: `weigh(meaning)` of what the question says a label means, times `liking`."""

    def __init__(
        self,
        weigh: Callable[[str, str], float] = lambda _question, _meaning: 1.0,
        liking: Mapping[str, float] | None = None,
        answer: str = "",
    ) -> None:
        self.weigh = weigh
        self.liking = liking or {}
        self.said = answer
        self.questions: list[str] = []
        self.shown: list[Sequence[Image.Image]] = []

    def probabilities(self, pictures: Sequence[Image.Image], question: str, labels: Sequence[str]) -> dict[str, float]:
        self.questions.append(question)
        self.shown.append(pictures)
        meanings = dict(re.findall(r"^([A-Z]): (.+)$", question, re.MULTILINE)) or _scale(question)
        weights = {label: self.weigh(question, meanings[label]) * self.liking.get(label, 1.0) for label in labels}
        return {label: weight / sum(weights.values()) for label, weight in weights.items()}

    def answer(self, pictures: Sequence[Image.Image], question: str, *, max_tokens: int, seconds: float) -> str:
        assert max_tokens > 0
        assert seconds > 0
        self.questions.append(question)
        self.shown.append(pictures)
        return self.said


class BrokenVision:
    """Fails whenever it is asked."""

    def probabilities(self, *_: object) -> dict[str, float]:
        raise EngineError("out of order")

    def answer(self, *_: object, **__: object) -> str:
        raise EngineError("out of order")


def _scale(question: str) -> dict[str, str]:
    """What each digit stands for, as a score: the question says which end is which."""
    upwards = "0 means not at all" in question
    return {str(digit): str(digit if upwards else 9 - digit) for digit in range(10)}
