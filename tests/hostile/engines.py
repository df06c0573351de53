"""What an engine's server answers: a document, a stream of events, a refusal, words."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
from hypothesis import strategies as st
from PIL import Image

from tasks.domain.errors import EditFlowError, EngineError
from tasks.engines.endpoint.answer import picture_of, read_document, read_events
from tasks.engines.endpoint.chat import RemoteVision
from tasks.engines.endpoint.connection import Connection
from tasks.engines.endpoint.refusals import refusal
from tasks.engines.endpoint.settings import EndpointSettings
from tests.hostile.pictures import SIZE, seeds
from tests.hostile.surface import Case, Surface, drawn
from tests.hostile.words import as_json, cut, near, values

T = TypeVar("T")


def edited(case: Case, folder: Path) -> None:
    """An engine's answer as one document."""
    took(read_document(httpx.Response(200, content=case)))


def streamed(case: Case, folder: Path) -> None:
    """An engine's answer as a stream of events."""
    answer = httpx.Response(200, content=case, headers={"content-type": "text/event-stream"})
    took(read_events(answer, lambda *_: None, time.monotonic() + 9, server="http://127.0.0.1:1"))


def took(answer: Any) -> None:
    """The picture in it; a link is only followed to the server that gave it, where nobody listens."""
    connection = Connection(EndpointSettings(url="http://127.0.0.1:1/v1"), frozenset())
    assert picture_of(answer, SIZE, connection, 1).mode in {"RGB", "RGBA"}
    connection.close()


def refused(case: Case, folder: Path) -> None:
    """An engine's refusal: always an error of ours."""
    status, after, body = case.split(b"\n", 2)
    raise refusal(
        int(status), httpx.Headers([(b"retry-after", after)]), body, server="http://127.0.0.1:1", passing=frozenset()
    )


class Says:
    """A connection over which one answer comes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def patiently(self, ask: Callable[[float], T], seconds: float) -> T:
        """At once."""
        return ask(seconds)

    def chat(self, _: Mapping[str, Any], __: float) -> bytes:
        """The answer."""
        return self._body


def judged(case: Case, folder: Path) -> None:
    """What a vision-language model says, in words and in numbers."""
    model = RemoteVision(cast("Connection", Says(case)), "")
    picture = Image.new("RGB", SIZE)
    with suppress(EngineError):
        model.answer([picture], "what?", max_tokens=5, seconds=1)
    shares = model.probabilities([picture], "which?", ["A", "B"])
    assert abs(sum(shares.values()) - 1) < 1e-6, f"the shares {shares} do not add up"


_PICTURE = base64.b64encode(seeds("PNG")[16]).decode()
_DATA = near({"b64_json": _PICTURE, "url": "http://127.0.0.1:2/a.png", "seconds": 1.5, "notes": {"a": "b"}})
_ANSWERS = near({"data": [{"b64_json": _PICTURE}], "engine": None}) | _DATA.map(lambda data: {"data": [data]})
_EVENTS = ("image_edit.queued", "image_edit.progress", "image_edit.completed", "error", "other")
_STREAMS = st.lists(
    st.tuples(st.sampled_from(_EVENTS), as_json(_DATA | near({"step": 1, "total": 20}) | values | near({"error": {}}))),
    max_size=5,
).map(lambda events: b"".join(b"event: %b\ndata: %b\n\n" % (name.encode(), data) for name, data in events))
_STATUSES = st.sampled_from((b"400", b"401", b"404", b"413", b"422", b"429", b"500", b"503", b"599"))
_AFTER = st.sampled_from((b"", b"1", b"-5", b"nan", b"inf", b"1e999", b"Thu, 01 Jan 1970 00:00:00", b"99 Zzz 99999"))
_ERRORS = as_json(near({"error": {"message": "no", "code": "queue_full", "param": "image"}, "detail": "x"}) | values)
_WEIGHTS = st.lists(st.fixed_dictionaries({"token": st.sampled_from(("A", "B", "C")), "logprob": values}), max_size=3)
_CHOICES = st.builds(
    lambda weights, message: {"choices": [{"logprobs": {"content": [{"top_logprobs": weights}]}, "message": message}]},
    _WEIGHTS,
    values | st.just({"content": "a flower"}),
)

SURFACES = {
    "engine answer": Surface(drawn(as_json(_ANSWERS | values)), edited),
    "engine events": Surface(drawn(cut(_STREAMS)), streamed),
    "engine refusal": Surface(
        drawn(st.builds(lambda *parts: b"\n".join(parts), _STATUSES, _AFTER, _ERRORS)), refused, (EditFlowError,)
    ),
    "engine words": Surface(drawn(as_json(_CHOICES | values)), judged, (EngineError,)),
}
