"""What came back: a JSON document or a stream of events, and the picture in it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError
from PIL import Image
from pydantic import Field, ValidationError

from tasks.domain.errors import EngineError, ImageError, TransientError
from tasks.domain.models import EngineIdentity, Frozen
from tasks.engines.endpoint.connection import Connection
from tasks.engines.endpoint.refusals import understood
from tasks.engines.protocol import Report
from tasks.imaging import codec

ASPECT = 0.05
"""How far the answer's aspect may be from what was shown: sides of a megapixel rounded to 32 stay below 0.04."""


class Answer(Frozen, extra="ignore"):
    """One picture as it came, and what the server says about it."""

    b64_json: str = ""
    url: str = ""
    engine: EngineIdentity | None = None
    notes: Mapping[str, str] = Field(default_factory=dict)
    seconds: float | None = Field(default=None, description="Of the device, without waiting and transport.")


def read_document(answer: httpx.Response) -> Answer:
    """The only picture of a JSON answer. Raises `EngineError` when it is something else."""
    document = _document(answer.read(), "an answer")
    try:
        first = {name: value for name, value in document["data"][0].items() if value is not None}
        return Answer(**first, engine=document.get("engine"))
    except (KeyError, IndexError, TypeError, AttributeError, ValidationError) as odd:
        raise EngineError(f"the server's answer holds no picture ({_brief(odd)})") from odd


def read_events(answer: httpx.Response, report: Report, until: float, *, server: str) -> Answer:
    """The picture that a stream of events ends with; progress goes to `report`.

    Raises what an error event means, `EngineError` when the stream ends without a picture or is no stream,
    `TransientError` when `until` (of the monotonic clock) passes, and whatever `report` raises.
    """
    for event in _events(answer):
        if time.monotonic() > until:
            raise TransientError(f"{server} was not done in time: give it longer (EDIT_FLOWS_ENDPOINT_TIMEOUT)")
        told = _document(event.data, f"a {event.event} event")
        match event.event:
            case "image_edit.queued":
                report(0, 1)  # nothing is known of its steps yet, but whoever asked may want to stop
            case "image_edit.progress":
                report(*_step(told))
            case "image_edit.completed":
                try:
                    return Answer.model_validate(told)
                except ValidationError as odd:
                    raise EngineError(f"the server's last event holds no picture ({_brief(odd)})") from odd
            case "error":
                error = told.get("error")
                raise understood(error if isinstance(error, dict) else {"message": error}, server=server)
    raise EngineError(f"{server}: the stream of events ended without a picture: look into the server's log")


def picture_of(answer: Answer, shown: tuple[int, int], connection: Connection, seconds: float) -> Image.Image:
    """The picture of an answer. Raises `EngineError` when it is none, or of another aspect than what was shown."""
    try:
        data = (
            base64.b64decode(answer.b64_json, validate=True)
            if answer.b64_json
            else connection.download(answer.url, seconds)
            if answer.url
            else b""
        )
        picture = codec.decode(data, name="the server's answer")
    except (ValueError, ImageError) as broken:
        raise EngineError(f"the server's answer is no picture: {broken}") from broken
    if abs(picture.width * shown[1] / (picture.height * shown[0]) - 1) > ASPECT:
        raise EngineError(
            f"the server was shown {shown[0]} x {shown[1]} pixels and answers with {picture.width} x {picture.height}: "
            "scaling that back would distort it; check EDIT_FLOWS_ENDPOINT_SERVER"
        )
    return picture


def _events(answer: httpx.Response) -> Iterator[ServerSentEvent]:
    try:
        yield from EventSource(answer).iter_sse()
    except SSEError as other:
        raise EngineError(f"the server does not stream: {other}; check EDIT_FLOWS_ENDPOINT_SERVER") from other


def _step(told: Mapping[str, Any]) -> tuple[int, int]:
    try:
        return int(told["step"]), int(told["total"])
    except (KeyError, TypeError, ValueError, OverflowError) as odd:
        raise EngineError(f"the server's progress cannot be read ({_brief(odd)})") from odd


def _document(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise EngineError(f"the server sent {what} that is no JSON ({_brief(broken)})") from broken
    if not isinstance(document, dict):
        raise EngineError(f"the server sent {what} that is no JSON object: {str(document)[:80]!r}")
    return document


def _brief(problem: Exception) -> str:
    return f"{type(problem).__name__}: {str(problem)[:120]}"
