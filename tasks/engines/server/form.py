"""A multipart form as it was sent: text fields as text, files as bytes, nothing understood yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO, NamedTuple

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from tasks.engines.server.errors import BadField

MAX_PARTS = 100
"""Text fields and files of one form, each."""
MAX_TEXT = 64 * 1024
"""Bytes of one text field; far more than the longest instruction."""


class Upload(NamedTuple):
    """One file of a form."""

    name: str
    file: BinaryIO

    def read(self) -> bytes:
        """Its bytes; to be asked for once."""
        return self.file.read()


class Form(NamedTuple):
    """The fields of a form: no name twice but those of files."""

    texts: Mapping[str, str]
    files: Mapping[str, tuple[Upload, ...]]


@asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[Form]:
    """The form of a request; large files lie on disk until they are read. Raises `BadField` when it is broken."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        sent = request.headers.get("content-type", "nothing")
        raise BadField(f"Content-Type is {sent!r}: send multipart/form-data with a boundary", None, "invalid_form")
    # Text is taken as latin-1, which loses nothing, and decoded here: the parser would guess where it is not UTF-8.
    lossless = Headers(
        {"content-type": f'multipart/form-data; charset=latin-1; boundary="{boundary.decode("latin-1")}"'}
    )
    parser = MultiPartParser(
        lossless, request.stream(), max_files=MAX_PARTS, max_fields=MAX_PARTS, max_part_size=MAX_TEXT
    )
    try:
        parts = await parser.parse()
    except MultiPartException as broken:
        raise BadField(f"the multipart form cannot be read: {broken.message}", None, "invalid_form") from None
    try:
        yield _sorted(parts)
    finally:
        await parts.close()


def _sorted(parts: FormData) -> Form:
    """Texts and files apart."""
    texts: dict[str, str] = {}
    files: dict[str, list[Upload]] = {}
    for raw_name, part in parts.multi_items():
        name = _text(raw_name, "a field's name")
        if isinstance(part, UploadFile):
            files.setdefault(name, []).append(Upload(_text(part.filename or "", f"file name of {name}"), part.file))
        elif name in texts:
            raise BadField(f"{name} is given more than once: give it once", name)
        else:
            texts[name] = _text(part, name)
    return Form(texts, {name: tuple(uploads) for name, uploads in files.items()})


def _text(raw: str, name: str) -> str:
    """What was sent as UTF-8."""
    try:
        return raw.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise BadField(f"{name} is not UTF-8 text: encode it as UTF-8", name) from None
