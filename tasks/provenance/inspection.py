"""Marks of a published file held against what its receipt tells of them."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from tasks.domain.receipt import Applied
from tasks.domain.verification import Point, left_open, point
from tasks.imaging import watermark
from tasks.provenance import credentials, xmp
from tasks.provenance.credentials import Credentials, State


def inspect(applied: Applied | None, data: bytes, picture: Image.Image, anchors: str) -> Iterator[Point]:
    """The points about marks: all that the receipt tells of, and that nothing private is in the file."""
    if applied is None:
        yield left_open("marks", "the receipt tells of none")
        return
    if applied.credentials is None:
        yield left_open("marks", f"none: {applied.reason}")
    else:
        yield _xmp(applied, data)
        yield _credentials(applied, credentials.read(data, anchors))
    if applied.label:
        yield left_open("label", f"told: {applied.label.text!r} in {list(applied.label.box)}; look at it")
    if applied.watermark:
        yield _watermark(applied.watermark.payload, picture)
    if not applied.exif_kept:
        with Image.open(io.BytesIO(data)) as image:
            tags = len(image.getexif())
        yield point("private", holds=not tags, yes="no EXIF, no place", no=f"{tags} EXIF fields, though none was kept")


def _xmp(applied: Applied, data: bytes) -> Point:
    found = xmp.read(data)
    told = (applied.identity, applied.source_type)
    return point(
        "XMP",
        holds=found is not None and (found.identity, found.source_type) == told,
        yes=f"says {applied.source_type.rpartition('/')[2] or 'nothing of its making'}",
        no="gone, or it says something else",
    )


def _credentials(applied: Applied, found: Credentials | None) -> Point:
    if found is None:
        return point("C2PA", holds=False, yes="", no="the Content Credentials are gone")
    same = (found.identity, found.master_sha256) == (applied.identity, applied.master_sha256)
    typed = not applied.source_type or applied.source_type in found.source_types
    who = f"{found.state}, signed by {found.signer}{' (it does not say who)' if found.development else ''}"
    kept = "; the source's own are kept" if found.source_manifest else ""
    return point(
        "C2PA",
        holds=found.state is not State.INVALID and same and typed,
        yes=who + kept,
        no=f"{', '.join(found.problems) or 'of another work'}",
    )


def _watermark(payload: str, picture: Image.Image) -> Point:
    found = watermark.read(picture)
    read = found.hex() if found else "nothing"
    return point("watermark", holds=read == payload, yes=f"says {payload}", no=f"says {read}, not {payload}")
