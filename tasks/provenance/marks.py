"""A picture marked as what it is: label, watermark, XMP and, last of all, Content Credentials; then read back.

Whatever came after the credentials would break them, so nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PIL import Image

from tasks import __version__
from tasks.domain.errors import OutputError
from tasks.domain.marking import KINDS, MARKED, TRAINED, EditClass
from tasks.domain.models import Box, EngineIdentity, Label, Marking, Marks, OutputFormat
from tasks.domain.receipt import Applied, CredentialsMark, LabelMark, Watermark
from tasks.imaging import codec, watermark
from tasks.imaging.exif import kept_exif
from tasks.imaging.label import label
from tasks.provenance import credentials, xmp
from tasks.provenance.certificates import certificate
from tasks.provenance.credentials import Claim, State
from tasks.provenance.keys import signing_key

Avoid = Callable[[Image.Image], Sequence[Box]]
"""Where a picture shows lettering and faces: nothing may be laid over those."""
NO_ROOM = f"it takes {watermark.SMALLEST} pixels a side"
MOST_DB = 99.0
"""Where fidelity is cut: that of equal pictures is infinite, which no JSON can say."""


class Work(NamedTuple):
    """What a picture is the result of."""

    identity: str
    edit_class: EditClass
    engine: EngineIdentity | None
    """Who made it; None for a picture that was only brought to another size."""
    source: bytes
    """The file it was made from, as it was given."""


class Marked(NamedTuple):
    """A file ready to be published, its picture, and how it says what it is."""

    data: bytes
    picture: Image.Image
    sha256: str
    """Of the picture's pixels."""
    applied: Applied


def ensure_ready(marking: Marking) -> None:
    """Return when what is made can be signed; raises `SettingsError` before anything is made that cannot."""
    signing_key()
    if marking.marks is not Marks.NONE:
        certificate()


def mark(master: Image.Image, work: Work, marking: Marking, output_format: OutputFormat, avoid: Avoid) -> Marked:
    """The file of the picture, marked as `marking` asks and the class of its edit demands.

    A source that says a model made it keeps saying so, whatever standard edit follows. Raises `OutputError` when the
    marks cannot be read back, `SettingsError` when they cannot be made.
    """
    before = said_by(work.source)
    kind = KINDS[work.edit_class]
    inherited = before if before in TRAINED and work.edit_class is not EditClass.GENERATIVE else ""
    source_type = inherited or kind.source_type or before
    wanted = marking.marks is not Marks.NONE and (bool(inherited) or work.edit_class in MARKED[marking.marks])
    digest = codec.pixel_sha256(master)
    words = KINDS[EditClass.GENERATIVE if inherited else work.edit_class].words.get(marking.label, "")
    picture, shown = _labelled(codec.as_written(master, output_format), marking.label, words, avoid)
    room = min(picture.size) >= watermark.SMALLEST
    picture, hidden = _watermarked(picture, work.identity, wanted=marking.watermark and room)
    exif = kept_exif(work.source) if marking.exif else b""
    told = xmp.packet(_origin(work, source_type)) if wanted else b""
    data = codec.encode(picture, output_format, xmp=told, exif=exif)
    if wanted:
        soft = (hidden.algorithm, hidden.payload) if hidden else None
        claim = Claim(kind.action, source_type, *_agent(work.engine), work.identity, digest, soft)
        data = credentials.sign(data, output_format, claim, work.source, certificate())
    published = codec.decode(data, name="the marked picture")
    pixels = codec.pixel_sha256(published)
    readable = hidden is not None and watermark.read(published) == bytes.fromhex(hidden.payload)
    applied = Applied(
        edit_class=work.edit_class,
        reason=_reason(work.edit_class, marking.marks, inherited=bool(inherited), wanted=wanted),
        identity=work.identity,
        source_type=source_type if wanted else "",
        xmp=wanted,
        credentials=_read_back(data, work.identity, source_type) if wanted else None,
        label=shown,
        label_missing="" if shown or not words else "no place is free of lettering and faces",
        watermark=hidden if readable else None,
        watermark_missing=""
        if readable or not marking.watermark
        else NO_ROOM
        if not room
        else "it cannot be read back",
        exif_kept=bool(exif),
        master_sha256=digest,
        same_pixels=pixels == digest,
    )
    return Marked(data, published, pixels, applied)


def said_by(source: bytes) -> str:
    """The IPTC Digital Source Type that a file says it has, by its credentials or its XMP; empty: it does not say.

    Of several, one that tells of a trained model counts.
    """
    signed, told = credentials.read(source), xmp.read(source)
    said = [*(signed.source_types if signed else ()), *([told.source_type] if told else ())]
    return next((one for one in said if one in TRAINED), next(filter(None, said), ""))


def _labelled(master: Image.Image, language: Label, words: str, avoid: Avoid) -> tuple[Image.Image, LabelMark | None]:
    if not words:
        return master, None
    found = label(master, words, avoid(master))
    if found is None:
        return master, None
    return found[0], LabelMark(language=language, text=words, box=found[1])


def _watermarked(picture: Image.Image, identity: str, *, wanted: bool) -> tuple[Image.Image, Watermark | None]:
    if not wanted:
        return picture, None
    payload = bytes.fromhex(identity)[: watermark.PAYLOAD]
    marked = watermark.embed(picture, payload)
    fidelity = min(watermark.psnr(marked, picture), MOST_DB)
    return marked, Watermark(algorithm=watermark.ALGORITHM, payload=payload.hex(), psnr_db=round(fidelity, 2))


def _origin(work: Work, source_type: str) -> xmp.Origin:
    """What the XMP says; a model is named only where a model was at work."""
    model = work.engine if work.edit_class is EditClass.GENERATIVE else None
    return xmp.Origin(
        source_type=source_type,
        tool=f"edit-flows {__version__}",
        system=model.model if model else "",
        system_version=model.revision if model else "",
        identity=work.identity,
    )


def _agent(engine: EngineIdentity | None) -> tuple[str, str]:
    return (engine.model, engine.revision) if engine else ("", "")


def _read_back(data: bytes, identity: str, source_type: str) -> CredentialsMark:
    """The credentials as a stranger reads them. Raises `OutputError` when they are not what was written."""
    found, told = credentials.read(data), xmp.read(data)
    if found is None or found.state is State.INVALID or found.identity != identity:
        problems = ", ".join(found.problems) if found else "none there"
        raise OutputError(f"the Content Credentials just written do not hold ({problems}): check the certificate")
    if told is None or (told.identity, told.source_type) != (identity, source_type):
        raise OutputError("the XMP just written cannot be read back: report this with the picture")
    return CredentialsMark(
        signer=found.signer, development=certificate().development, source_manifest=found.source_manifest
    )


def _reason(edit_class: EditClass, marks: Marks, *, inherited: bool, wanted: bool) -> str:
    if wanted:
        return f"the source says that a model made it; this edit is {edit_class}" if inherited else f"{edit_class} edit"
    return f"{edit_class} edit, and EDIT_FLOWS_MARKS={marks}"
