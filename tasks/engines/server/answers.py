"""What goes over the wire: JSON documents and server-sent events, pictures in base64 in small pieces.

A picture is never whole in base64, so that an answer costs little more memory than its file.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fastapi.sse import format_sse_event

from tasks.domain.models import EngineIdentity, OutputFormat
from tasks.engines.server.sitting import Picture

PIECE = 3 * 256 * 1024
"""Bytes of a picture encoded at a time; a multiple of three leaves no padding in the middle."""
USAGE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}
"""Nothing is counted in tokens here; OpenAI's clients expect the fields."""


class Made(NamedTuple):
    """One picture of an answer and how it was made."""

    picture: Picture
    seed: int
    notes: Mapping[str, str]
    seconds: float
    """Of the device."""


def whole(made: Sequence[Made], engine: EngineIdentity, output_format: OutputFormat) -> Iterator[bytes]:
    """The JSON document with all pictures, in pieces."""
    yield b'{"data":['
    for index, one in enumerate(made):
        yield b'{"b64_json":"' if index == 0 else b',{"b64_json":"'
        yield from _base64(one.picture.data)
        yield b'"}'
    rest = {
        "created": int(time.time()),
        **_described(made[0].picture, engine, output_format),
        "seeds": [one.seed for one in made],
        "notes": [one.notes for one in made],
        "seconds": round(sum(one.seconds for one in made), 4),
    }
    yield b"]," + _json(rest)[1:]


def completed(one: Made, index: int, engine: EngineIdentity, output_format: OutputFormat) -> Iterator[bytes]:
    """The event that brings picture `index`, in pieces."""
    rest = {
        "type": "image_edit.completed",
        "created_at": int(time.time()),
        **_described(one.picture, engine, output_format),
        "index": index,
        "seed": one.seed,
        "notes": one.notes,
        "seconds": round(one.seconds, 4),
    }
    yield b'event: image_edit.completed\ndata: {"b64_json":"'
    yield from _base64(one.picture.data)
    yield b'",' + _json(rest)[1:] + b"\n\n"


def event(kind: str, **fields: object) -> bytes:
    """A small event of that type."""
    return format_sse_event(event=kind, data_str=_json({"type": kind, **fields}).decode())


def _described(picture: Picture, engine: EngineIdentity, output_format: OutputFormat) -> dict[str, object]:
    return {
        "output_format": output_format.value,
        "size": f"{picture.size[0]}x{picture.size[1]}",
        "background": "transparent" if picture.transparent else "opaque",
        "quality": "auto",
        "usage": USAGE,
        "engine": engine.model_dump(),
    }


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _base64(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(data), PIECE):
        yield base64.b64encode(view[start : start + PIECE])
