"""What a source's EXIF tells of its making, for results that are asked to keep it."""

from __future__ import annotations

import io
import struct
import warnings

from PIL import ExifTags, Image

ABOUT = frozenset(
    {
        ExifTags.Base.ImageDescription,
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.XResolution,
        ExifTags.Base.YResolution,
        ExifTags.Base.ResolutionUnit,
        ExifTags.Base.Software,
        ExifTags.Base.DateTime,
        ExifTags.Base.Artist,
        ExifTags.Base.HostComputer,
        ExifTags.Base.Copyright,
        ExifTags.Base.XPTitle,
        ExifTags.Base.XPComment,
        ExifTags.Base.XPAuthor,
        ExifTags.Base.XPKeywords,
        ExifTags.Base.XPSubject,
    }
)
"""Of the main directory: what tells of the picture. The rest is how a TIFF stores its pixels, or XMP and IPTC, which
would contradict what the result says of itself."""
STALE = frozenset(
    {
        ExifTags.Base.MakerNote,  # holds serial numbers, and offsets that a copy breaks
        ExifTags.Base.ExifImageWidth,
        ExifTags.Base.ExifImageHeight,
        ExifTags.Base.ExifInteroperabilityOffset,
    }
)
"""Of the directory about the exposure: what would be wrong in a result."""
MOST_BYTES = 64 * 1024 - 64
"""What one segment of a JPEG holds, less its head."""


def kept_exif(data: bytes) -> bytes:
    """The EXIF block of a picture as `codec.encode` writes it; empty when there is none that can be kept.

    Upright (results are), without thumbnail, maker notes, XMP and IPTC. EXIF that is broken, or larger than one segment
    of a JPEG, is left out as a whole.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:  # odd, yet readable
            found = image.getexif()
            kept = Image.Exif()
            kept.update({tag: _as_written(value) for tag, value in found.items() if tag in ABOUT})
            for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                entries = found.get_ifd(directory).items()
                if told := {tag: _as_written(value) for tag, value in entries if tag not in STALE}:
                    kept[directory] = told
            if not kept:
                return b""
            kept[ExifTags.Base.Orientation] = 1
            block = kept.tobytes()
    except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError):
        return b""
    except (struct.error, Image.DecompressionBombError):
        return b""
    return block if len(block) <= MOST_BYTES else b""


def _as_written(value: object) -> object:
    """A value of which Pillow, which takes text for Latin-1 and writes ASCII, keeps every byte: most text is UTF-8."""
    return value.encode("latin-1") if isinstance(value, str) and not value.isascii() else value
