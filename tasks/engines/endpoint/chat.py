"""The vision-language model behind a server: `POST /v1/chat/completions` with the answer limited to given labels."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from PIL import Image

from tasks.domain.errors import EngineError, RequestError, SettingsError, TransientError
from tasks.engines.endpoint.connection import Connection

SCORING = 60.0
"""Seconds one forward pass may take, waiting for the device included."""


class RemoteVision:
    """A `VisionModel` over HTTP. Callable from any thread."""

    def __init__(self, connection: Connection, model: str) -> None:
        self._connection = connection
        self._model = model

    def probabilities(self, pictures: Sequence[Image.Image], question: str, labels: Sequence[str]) -> dict[str, float]:
        """How likely each label is the whole answer, summing to 1. Raises `EngineError`."""
        choice = self._ask(
            pictures,
            question,
            SCORING,
            max_tokens=1,
            guided_choice=list(labels),
            logprobs=True,
            top_logprobs=len(labels),
        )
        try:
            scored = choice["logprobs"]["content"][0]["top_logprobs"]
            weights = {entry["token"]: math.exp(entry["logprob"]) for entry in scored}
            total = sum(weights[label] for label in labels)
            if not math.isfinite(total):
                raise OverflowError(f"the weights add up to {total}")
            return {label: weights[label] / total for label in labels}
        except (KeyError, IndexError, TypeError, OverflowError, ZeroDivisionError) as odd:
            raise EngineError(
                f"the server does not say how likely each label is ({type(odd).__name__}: {odd})"
            ) from odd

    def answer(self, pictures: Sequence[Image.Image], question: str, *, max_tokens: int, seconds: float) -> str:
        """The most likely answer in words. Raises `EngineError`, also when it is not done after `seconds`."""
        choice = self._ask(pictures, question, seconds, max_tokens=max_tokens, timeout=seconds)
        try:
            return str(choice["message"]["content"])
        except (KeyError, TypeError) as odd:
            raise EngineError(f"the server's answer holds no words ({type(odd).__name__}: {odd})") from odd

    def _ask(self, pictures: Sequence[Image.Image], question: str, seconds: float, **options: object) -> Any:  # noqa: ANN401  JSON
        """The first choice of the answer. Anything that goes wrong is an `EngineError`: that is all a caller knows."""
        content: list[dict[str, object]] = [
            {"type": "image_url", "image_url": {"url": _data_url(picture)}} for picture in pictures
        ]
        content.append({"type": "text", "text": question})
        document: dict[str, object] = {"messages": [{"role": "user", "content": content}], "temperature": 0, **options}
        if self._model:
            document["model"] = self._model
        try:
            body = self._connection.patiently(lambda left: self._connection.chat(document, left), seconds)
            return json.loads(body)["choices"][0]
        except (TransientError, RequestError, SettingsError) as failed:
            raise EngineError(f"the vision-language model could not be asked: {failed}") from failed
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as odd:
            raise EngineError(f"the server's answer holds no choice ({type(odd).__name__}: {odd})") from odd


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
