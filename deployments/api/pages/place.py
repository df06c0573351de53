"""Opaque ids of results in review, and the files behind them: nothing outside the configured review folders."""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from PIL import Image

from tasks.domain.errors import ImageError, RequestError
from tasks.domain.models import OutputFormat
from tasks.domain.results import EditResult
from tasks.imaging import codec
from tasks.imaging.contact import thumbnail
from tasks.storage import files, reviews
from tasks.storage.bounds import canonical

SHOWN = frozenset({"PNG", "JPEG", "WEBP"})
"""Formats every browser shows, turned upright and in its colours, as they are."""
LONGEST = 255
"""Bytes of one name in a path."""
Picture = tuple[bytes, str]
"""A file and its media type."""


def id_of(metadata: str) -> str:
    """The id of a result: its metadata's place in letters that mean nothing to a path."""
    return base64.urlsafe_b64encode(metadata.encode()).decode().rstrip("=")


def metadata_of(name: str, locations: Sequence[str]) -> str | None:
    """The metadata that an id stands for; None unless that lies in a review folder below one of the locations.

    Links and .. are followed first: a place that has another spelling than its own is none.
    """
    try:
        metadata = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        reviews.ensure_in_review(metadata)
        proper = id_of(metadata) == name and _can_be(metadata) and canonical(metadata) == metadata
    except (RequestError, ValueError, OSError, RuntimeError):  # no base64, no text, no path, links in a circle
        return None
    return metadata if proper and any(metadata.startswith(f"{place.rstrip('/')}/") for place in locations) else None


def _can_be(path: str) -> bool:
    """False for what no file system and no bucket would take as a name."""
    short = all(len(part.encode()) <= LONGEST for part in path.split("/"))
    return short and not any(unicodedata.category(character) == "Cc" for character in path)


def before(result: EditResult) -> Picture:
    """The source, as a browser can show it. Raises `ImageError` for what is no picture."""
    data = files.read(result.request.image)
    kind = _kind(data, result.request.image)
    if kind in SHOWN:
        return data, f"image/{kind.lower()}"
    return codec.encode(codec.decode(data, name=result.request.image), OutputFormat.PNG), "image/png"


def after(metadata: str, result: EditResult) -> Picture:
    """The result."""
    return _beside(metadata, result, result.output.uri)


def sheet(metadata: str, result: EditResult) -> Picture:
    """Its before/after or evidence sheet."""
    return _beside(metadata, result, result.sheet_uri)


def mask(metadata: str, result: EditResult) -> Picture:
    """White where it may differ from the source."""
    return _beside(metadata, result, result.mask_uri)


def small(metadata: str, result: EditResult) -> Picture:
    """Its sheet, small."""
    data, _ = sheet(metadata, result)
    return codec.encode(thumbnail(codec.decode(data, name=result.sheet_uri)), OutputFormat.JPEG), "image/jpeg"


def _beside(metadata: str, result: EditResult, uri: str) -> Picture:
    """A file of the result, wherever its metadata says it is: looked for by name where the result lies now."""
    place = files.join(reviews.folder_of(metadata, result), PurePosixPath(uri).name)
    if not uri or canonical(place) != place:
        raise ImageError(f"{uri!r} is no file of {metadata!r}: a link, or none")
    data = files.read(place)
    return data, f"image/{_kind(data, place).lower()}"


def _kind(data: bytes, name: str) -> str:
    try:
        return Image.open(io.BytesIO(data), formats=codec.FORMATS).format or ""
    except (OSError, ValueError, SyntaxError) as broken:
        raise ImageError(f"{name!r} is no picture ({broken})") from broken
