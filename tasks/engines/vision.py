"""The seam for a vision-language model: what one is asked, whoever runs it.

Two adapters fit it: the Qwen2.5-VL that the `qwen` engine holds anyway as its text encoder, and any OpenAI-compatible
chat server. What is asked for (kind of edit, better wording, judgement) is written once, in `assistant/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image


class VisionModel(Protocol):
    """Looks at pictures and answers a question about them. Callable from any thread."""

    def probabilities(self, pictures: Sequence[Image.Image], question: str, labels: Sequence[str]) -> dict[str, float]:
        """How likely each of `labels` (distinct single tokens: letters or digits) is the whole answer, summing to 1.

        One forward pass, no generation, deterministic. `pictures` are sRGB, mode RGB, in the order the question names
        them. Raises `EngineError` when the model fails.
        """
        ...

    def answer(self, pictures: Sequence[Image.Image], question: str, *, max_tokens: int, seconds: float) -> str:
        """The most likely answer in words, at most `max_tokens` long (greedy, deterministic).

        Raises `EngineError` when the model fails or is not done after `seconds`.
        """
        ...
