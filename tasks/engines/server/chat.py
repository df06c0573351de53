"""POST /v1/chat/completions: questions about pictures to the vision-language model that the engine brings along."""

from __future__ import annotations

import base64
import binascii
import math
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Literal, NamedTuple

from fastapi import Request
from PIL import Image
from pydantic import Field, ValidationError, model_validator

from tasks.domain.errors import EngineError
from tasks.domain.models import Frozen
from tasks.engines.protocol import Engine, Report
from tasks.engines.server.errand import Errand, Workplace
from tasks.engines.server.errors import BadField, ModelNotFound
from tasks.engines.server.order import ensure_served, first_problem
from tasks.engines.vision import VisionModel
from tasks.imaging.codec import decode

LEAST = -9999.0
"""Logarithm given for a probability of zero, as OpenAI does: JSON has no minus infinity."""
MAX_TEXT = 32_000
"""Characters of one text part."""


class TextPart(Frozen):
    """Words."""

    type: Literal["text"]
    text: str = Field(max_length=MAX_TEXT)


class ImageUrl(Frozen):
    """Where a picture is; here always in the URL itself."""

    url: str
    detail: str | None = None


class ImagePart(Frozen):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(Frozen):
    """One message; all of them make up one question."""

    role: Literal["system", "developer", "user"]
    content: Annotated[str, Field(max_length=MAX_TEXT)] | tuple[Part, ...]
    name: str | None = None

    @property
    def parts(self) -> tuple[TextPart | ImagePart, ...]:
        """The content, also when it is only words."""
        return (TextPart(type="text", text=self.content),) if isinstance(self.content, str) else self.content


class ChatOrder(Frozen):
    """A question. Sampling parameters make no difference: answers are the likeliest ones."""

    messages: tuple[Message, ...] = Field(min_length=1, max_length=64)
    model: str = ""
    max_tokens: int | None = Field(default=None, ge=1, le=8192)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=8192)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    guided_choice: tuple[Annotated[str, Field(min_length=1, max_length=16)], ...] | None = None
    timeout: float = Field(default=60.0, gt=0, le=3600, description="Seconds the model may take.")
    priority: int = Field(default=2, ge=0, le=9, description="Questions are short: before edits, if nothing is said.")
    n: Literal[1] | None = None
    stream: Literal[False] | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    user: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_an_object(cls, body: object) -> object:
        if not isinstance(body, dict):
            raise ValueError('send a JSON object such as {"messages": [...]}')
        return body


class Question(NamedTuple):
    """What the model is asked."""

    pictures: Sequence[Image.Image]
    words: str
    order: ChatOrder

    def probabilities(self, engine: Engine, _report: Report) -> dict[str, float]:
        """How likely each of the labels is."""
        return _model(engine).probabilities(self.pictures, self.words, self.order.guided_choice or ())

    def answer(self, engine: Engine, _report: Report) -> str:
        """The answer in words."""
        most = self.order.max_completion_tokens or self.order.max_tokens or 512
        return _model(engine).answer(self.pictures, self.words, max_tokens=most, seconds=self.order.timeout)


async def chat(request: Request, place: Workplace) -> dict[str, object]:
    """The answer to a question. Raises the errors it is answered with."""
    serving = place.host.ensure_room()
    if not serving.vision:
        raise ModelNotFound(f"{serving.identity.name} brings no vision-language model: ask a server whose engine does")
    body = await request.body()
    with place.host.room():
        question = await place.timed("decode", partial(_question, body))
        order = question.order
        ensure_served(order.model, serving.identity)
        units = [question.answer if order.guided_choice is None else question.probabilities]
        errand = Errand[str | dict[str, float]](place, units, priority=order.priority)
    async with aclosing(errand.results(request)) as results:
        (said,) = [done.result async for done in results]
    if isinstance(said, str):
        choice = _choice(said, None)
    else:
        choice = _choice(max(said, key=said.__getitem__), said if order.logprobs else None)
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": serving.identity.model,
        "choices": [choice],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _understand(body: bytes) -> ChatOrder:
    try:
        order = ChatOrder.model_validate_json(body)
    except ValidationError as wrong:
        raise first_problem(wrong) from None
    if order.guided_choice is not None and len(set(order.guided_choice)) < max(2, len(order.guided_choice)):
        raise BadField("guided_choice: give two or more labels, each once", "guided_choice")
    if order.logprobs and order.guided_choice is None:
        raise BadField("logprobs are given for labels only: name them in guided_choice", "logprobs")
    return order


def _question(body: bytes) -> Question:
    """The pictures decoded, in their order, and all words, a paragraph a part."""
    order = _understand(body)
    parts = [part for message in order.messages for part in message.parts]
    pictures = [_picture(part.image_url.url) for part in parts if isinstance(part, ImagePart)]
    return Question(pictures, "\n\n".join(part.text for part in parts if isinstance(part, TextPart)), order)


def _picture(url: str) -> Image.Image:
    """The picture inside a data URI, on white where it is transparent. Raises `BadField` for any other URL."""
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        raise BadField(
            "pictures are taken as data URIs only (data:image/png;base64,...), nothing is fetched", "messages"
        )
    try:
        picture = decode(base64.b64decode(data, validate=True), name="image_url")
    except binascii.Error as broken:
        raise BadField(f"a picture's base64 is broken ({broken}): encode it again", "messages") from None
    if picture.mode == "RGBA":
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture


def _model(engine: Engine) -> VisionModel:
    if engine.vision is None:  # it had one when the request was let in, before a restart
        raise EngineError("the vision-language model did not come up again after a restart: do without it")
    return engine.vision


def _choice(words: str, likely: Mapping[str, float] | None) -> dict[str, object]:
    """One choice of an answer; with probabilities, every label with its logarithm, likeliest first."""
    logprobs = None
    if likely is not None:
        told = [_logprob(label, likely[label]) for label in sorted(likely, key=likely.__getitem__, reverse=True)]
        logprobs = {"content": [{**told[0], "top_logprobs": told}], "refusal": None}
    return {
        "index": 0,
        "message": {"role": "assistant", "content": words, "refusal": None},
        "logprobs": logprobs,
        "finish_reason": "stop",
    }


def _logprob(label: str, probability: float) -> dict[str, object]:
    value = math.log(probability) if probability > 0 else LEAST
    return {"token": label, "logprob": value, "bytes": list(label.encode())}
