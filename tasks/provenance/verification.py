"""A picture held against its receipt, offline: nothing is asked of the receipt that can be computed from the pixels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PIL import Image
from pydantic import ValidationError

from tasks.domain.campaign import Piece
from tasks.domain.errors import ImageError, RequestError
from tasks.domain.fields import no_number, without_doubles
from tasks.domain.models import ImageRef, OutputFormat
from tasks.domain.results import EditResult, Outcome
from tasks.domain.verification import Point, Verification, left_open, point
from tasks.imaging import codec
from tasks.imaging.untouched import prove
from tasks.provenance.inspection import inspect
from tasks.provenance.sealing import Seal, seal_of


class Evidence(NamedTuple):
    """What there is to look at: the bytes of files; None for one that is not at hand."""

    output: bytes
    receipt: bytes
    source: bytes | None = None
    mask: bytes | None = None
    anchors: str = ""
    """Certificates of the C2PA authorities that are trusted, PEM."""


def parsed(receipt: bytes) -> dict[str, Any]:
    """The fields of a receipt. Raises `RequestError` for what is no JSON object, or names a field twice."""
    try:
        document = json.loads(receipt.decode("utf-8-sig"), object_pairs_hook=without_doubles, parse_constant=no_number)
    except (ValueError, RecursionError) as broken:
        raise RequestError(f"the receipt is not JSON: {' '.join(str(broken).split())[:200]}") from broken
    if not isinstance(document, dict):
        raise RequestError(f"the receipt holds {type(document).__name__}, not fields")
    return document


def verify(evidence: Evidence, trusted: Collection[Ed25519PublicKey] = ()) -> Verification:
    """Every point of the receipt, looked at again.

    Raises `RequestError` for a receipt that is none, so that nothing can be looked at.
    """
    document = parsed(evidence.receipt)
    try:
        result = (Piece if "platform" in document else EditResult).model_validate(document)
    except ValidationError as other:
        raise RequestError(
            f"the receipt is none of this format ({other.error_count()} problems, first: "
            f"{'.'.join(map(str, other.errors()[0]['loc']))}: {other.errors()[0]['msg']})"
        ) from other
    return Verification(points=tuple(_points(document, result, evidence, trusted)))


def _points(
    document: dict[str, Any], result: EditResult | Piece, evidence: Evidence, trusted: Collection[Ed25519PublicKey]
) -> Iterator[Point]:
    seal, why = seal_of(document, trusted)
    yield point("signature", holds=seal in {Seal.TRUSTED, Seal.INTACT}, yes=f"{seal}, {why}", no=why)
    yield _outcome(result)
    digest = hashlib.sha256(evidence.output).hexdigest()
    named = result.output.file_sha256
    yield point("file", holds=digest == named, yes=f"SHA-256 {digest[:16]}...", no=f"SHA-256 {digest}, not {named}")
    picture = _decoded(evidence.output, "the output")
    if picture is None:
        yield point("pixels", holds=False, yes="", no="it is no picture that can be read")
        return
    yield _pixels(picture, result.output)
    if isinstance(result, EditResult):
        yield from _proof(picture, result, evidence)
    yield from inspect(result.marks, evidence.output, picture, evidence.anchors)


def _outcome(result: EditResult | Piece) -> Point:
    if isinstance(result, Piece):
        failed = [check.name for check in result.checks if not check.passed]
        holds = result.outcome is not Outcome.ACCEPTED or not failed
        passed_all = f"{result.outcome}, {len(result.checks) - len(failed)} of {len(result.checks)} checks passed"
        return point("outcome", holds=holds, yes=passed_all, no=f"accepted, though {', '.join(failed)} failed")
    passed = [one for one in result.attempts if one.verdict.passed]
    by = f", approved by {result.review.by}" if result.review else ""
    return point(
        "outcome",
        holds=result.outcome is not Outcome.ACCEPTED or bool(passed) or result.review is not None,
        yes=f"{result.outcome} after {len(result.attempts)} attempts, {len(passed)} passed{by}",
        no="accepted, though no attempt passed and nobody approved",
    )


def _pixels(picture: Image.Image, told: ImageRef) -> Point:
    same = codec.pixel_sha256(picture) == told.sha256 and picture.size == (told.width, told.height)
    size = f"{picture.width} x {picture.height}"
    return point("pixels", holds=same, yes=f"{size}, as told", no=f"{size}, not what was told of")


def _proof(picture: Image.Image, result: EditResult, evidence: Evidence) -> Iterator[Point]:
    """What was not touched: source and mask are what they are said to be, and nothing outside the mask differs."""
    source = _decoded(evidence.source, "the source") if evidence.source is not None else None
    if evidence.source is None:
        yield left_open("source", f"not at hand ({result.original.uri}): give it with --source")
    else:
        same = source is not None and codec.pixel_sha256(source) == result.original.sha256
        yield point("source", holds=same, yes="the picture that was edited", no="not the picture that was edited")
    told = result.untouched
    if told is None:
        yield left_open("untouched", "not claimed: the edit was free to change every pixel")
        return
    claim = f"{told.pixels - told.differing} of {told.pixels} pixels outside the mask ({told.fraction:.2%} of all)"
    mask = _decoded(evidence.mask, "the mask") if evidence.mask is not None else None
    if evidence.mask is None:
        yield left_open("mask", f"not at hand ({result.mask_uri}): give it with --mask")
    else:
        same = mask is not None and codec.pixel_sha256(mask.convert("L")) == told.mask_sha256
        yield point("mask", holds=same, yes="as told", no="not the mask that was told of")
    if source is None or mask is None:
        yield left_open("untouched", f"told, not looked at again: {claim}")
        return
    yield _proved_again(picture, source, mask, result, claim)


def _proved_again(
    picture: Image.Image, source: Image.Image, mask: Image.Image, result: EditResult, claim: str
) -> Point:
    if picture.size != source.size or mask.size != source.size:
        return point("untouched", holds=False, yes="", no="output, source and mask differ in size")
    marks = result.marks
    if marks and not marks.same_pixels:
        if marks.label is None or marks.watermark or result.request.output_format is OutputFormat.JPEG:
            return left_open("untouched", f"told of the unmarked master, of which the file is a marked copy: {claim}")
        stencil = np.asarray(mask.convert("L")).copy()
        stencil[marks.label.box.top : marks.label.box.bottom, marks.label.box.left : marks.label.box.right] = 255
        mask, claim = Image.fromarray(stencil), f"{claim}, but for the visible label"
    found = prove(source, picture, mask)
    return point(
        "untouched",
        holds=found.differing == 0,
        yes=f"looked at again, not one sample differs: {claim}",
        no=f"{found.differing} of {found.pixels} pixels outside the mask differ from the source",
    )


def _decoded(data: bytes, name: str) -> Image.Image | None:
    try:
        return codec.decode(data, name=name)
    except ImageError:
        return None
