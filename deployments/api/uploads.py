"""Pictures that came with a request: looked at before anything is kept, then kept under the hash of their content.

What a client calls its files is never part of a path.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import NamedTuple

from PIL import Image

from tasks.domain.errors import ImageError, RequestError
from tasks.domain.marking import EditClass
from tasks.domain.models import Marking, OutputFormat
from tasks.imaging import codec
from tasks.provenance import xmp
from tasks.provenance.marks import Work, mark
from tasks.settings import settings
from tasks.storage import files
from tasks.storage.bounds import canonical

NAME_SHOWN = 80
"""Characters of a client's file name that a message repeats."""


class Kept(NamedTuple):
    """A picture of a request, where the runs find it."""

    uri: str
    size: tuple[int, int]
    """Width and height in pixels, upright."""


def keep_picture(data: bytes, name: str, place: str, most: int) -> Kept:
    """The picture, written below `place`. Raises `ImageError` for what is no picture of at most `most` pixels.

    The name the client gave it only serves the messages.
    """
    shown = name[:NAME_SHOWN] or "the picture"
    ensure_small(data, shown, most)
    image = codec.decode(data, name=shown)
    digest = hashlib.sha256(data).hexdigest()
    uri = files.join(place, digest[:2], f"{digest[:24]}.{_kind(data)}")
    files.write_once(uri, data)
    return Kept(uri, image.size)


def look_at(uri: str, most: int) -> Kept:
    """A picture that lies in a listed place. Raises `ImageError` for what is no picture of at most `most` pixels."""
    data = files.read(uri)
    ensure_small(data, uri, most)
    return Kept(uri, codec.decode(data, name=uri).size)


def ensure_small(data: bytes, name: str, most: int) -> None:
    """Return for a picture of at most `most` pixels by its header; raises `ImageError` for a larger one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning
            width, height = Image.open(io.BytesIO(data), formats=codec.FORMATS).size
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, Image.DecompressionBombError):
        return  # no picture: decoding it says in which way
    if width * height > most:
        raise ImageError(
            f"{name!r} is {width} x {height}, {width * height / 1e6:.0f} megapixels: this API takes {most / 1e6:.0f}"
        )


def ensure_listed(uri: str, sources: tuple[str, ...]) -> str:
    """`uri` when it lies in one of the `sources`, links and .. followed first; raises `RequestError` otherwise.

    Nothing is fetched on the word of a client: neither a web address nor another folder of this host.
    """
    place = canonical(uri)
    if not any(place.startswith(f"{canonical(source).rstrip('/')}/") for source in sources):
        raise RequestError(
            f"{uri!r} is not in a place this API reads from (EDIT_FLOWS_API_SOURCES): send the file itself"
        )
    return uri


def copy_as(data: bytes, size: tuple[int, int] | None, output_format: OutputFormat) -> bytes:
    """A stored picture in another format or scaled to `size`: a copy for who asked, not the one that was proved.

    It is marked as what it was made from.
    """
    image = codec.decode(data, name="the result")
    if size is not None and size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    told = xmp.read(data)
    work = Work(told.identity if told else "", EditClass.UNEDITED, None, data)
    return mark(image, work, Marking(marks=settings().marks), output_format, lambda _: ()).data


def _kind(data: bytes) -> str:
    """Ending of the file, by its content."""
    kind = Image.open(io.BytesIO(data), formats=codec.FORMATS).format or "png"
    return {"jpeg": "jpg", "tiff": "tif"}.get(kind.lower(), kind.lower())
