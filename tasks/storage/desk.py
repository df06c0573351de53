"""The scratch folder of one run: working copies and candidates, gone when the run ends."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tasks.domain.errors import OutputError
from tasks.domain.models import ImageRef, OutputFormat
from tasks.imaging import codec

ORIGINAL = "original"
"""Name of the source's file on the desk, as it was given."""


@contextmanager
def open_desk() -> Iterator[str]:
    """Path of a new scratch folder on the local disk, removed with everything in it when the block ends."""
    with TemporaryDirectory(prefix="edit-flows-") as folder:
        yield folder


def lay(desk: str, name: str, image: Image.Image) -> ImageRef:
    """Reference to `image`, written losslessly to the desk as `name`.tif, a mask (mode L) as `name`.png.

    Every box reads its pictures again: an uncompressed TIFF takes 2 ms a megapixel to write and to read, a PNG 100 to
    200 and 30, for two to three times the room. A mask is small, and delivered as the file that lies here.
    """
    pixels = codec.pixel_sha256(image)  # before there is a file: a large picture is not held three times
    if image.mode == "L":
        file, data = f"{name}.png", codec.encode(image, OutputFormat.PNG)
    else:
        buffer = io.BytesIO()
        image.save(buffer, "TIFF", compression="raw")
        file, data = f"{name}.tif", buffer.getvalue()
    return ImageRef(
        uri=keep_file(desk, file, data),
        sha256=pixels,
        file_sha256=hashlib.sha256(data).hexdigest(),
        width=image.width,
        height=image.height,
    )


def keep_file(desk: str, name: str, data: bytes) -> str:
    """Path of a file laid on the desk as it is. Raises `OutputError` when there is no room."""
    path = Path(desk, name)
    try:
        path.write_bytes(data)
    except OSError as full:
        raise OutputError(f"cannot write the working copy {str(path)!r}: {full}; make room or set TMPDIR") from full
    return str(path)


def pick_up(ref: ImageRef) -> Image.Image:
    """The picture behind a reference made by `lay`, its pixels loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its size was judged when it was let in
        image = Image.open(ref.uri)
    image.load()
    image.info.clear()  # what TIFF says of its own making
    return image
