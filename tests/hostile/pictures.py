"""Small pictures of every kind that is taken, some that are not, and giants that claim or have millions of pixels."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from random import Random

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from tests.hostile.exif import abuse
from tests.hostile.mutation import ANY, edge, flip, repeat, worsened
from tests.hostile.segments import STRUCTURED
from tests.hostile.surface import Case, Cases

SIZE = (32, 24)
OPTIONS: Mapping[str, tuple[Mapping[str, object], ...]] = {
    "PNG": ({}, {"icc_profile": b"profile"}, {"exif": b"exif"}, {"pnginfo": b"text"}),
    "JPEG": ({}, {"progressive": True}, {"icc_profile": b"profile"}, {"exif": b"exif"}),
    "WEBP": ({}, {"lossless": True}, {"icc_profile": b"profile"}, {"exif": b"exif"}),
    "GIF": ({}, {"comment": b"hello"}),
    "TIFF": ({}, *({"compression": f"tiff_{name}"} for name in ("lzw", "adobe_deflate")), {"compression": "packbits"}),
    "BMP": ({},),
}
MODES: Mapping[str, tuple[str, ...]] = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGB"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}
QUICK: Mapping[str, Mapping[str, object]] = {"WEBP": {"method": 0, "quality": 1}, "JPEG": {"progressive": True}}
"""How giants are written: soon, or so that reading takes the most memory."""
ANIMATED = ("PNG", "GIF", "TIFF", "WEBP")
GIANTS = {"PNG": "RGBA", "JPEG": "CMYK", "WEBP": "RGBA", "GIF": "P", "TIFF": "CMYK", "BMP": "1"}
"""Formats and the modes in which a picture of them needs the most memory."""


@cache
def seeds(kind: str) -> tuple[bytes, ...]:
    """Sound files of a format."""
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 255, (*SIZE[::-1], 4), dtype=np.uint8))
    files = [_file(_as(noise, mode), kind, options) for mode in MODES[kind] for options in OPTIONS[kind]]
    if kind in ANIMATED:
        more = {"save_all": True, "append_images": [noise.rotate(90).convert("RGB")]}
        files.append(_file(noise.convert("RGB"), kind, more))
    return tuple(files)


def mutated(kind: str) -> Cases:
    """Files of a format, made worse with and without knowledge of it; one in 400 is a giant."""

    def cases(seed: int, count: int) -> Iterator[Case]:
        mutations = (*ANY, *[STRUCTURED[kind]] * 4)
        for number in range(count):
            rng = Random(f"{kind} {seed} {number}")
            if number % 400 == 399:
                yield giant(kind, rng)
                continue
            yield worsened(rng.choice(seeds(kind)), rng, mutations)

    return cases


FOREIGN = (
    b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    b"<!doctype html><script>alert(1)</script>",
    b"PK\x03\x04" + bytes(26) + b"a.png",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
    b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(64),
    b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\x18\0\0\0\x20\0\x08\0\3" + bytes(64),
    b"P6 32 24 255\n" + bytes(2304),
    b"\0\0\1\0\1\0\x20\x20\0\0\1\0\x20\0" + bytes(64),
    b"\x1f\x8b\x08\0" + bytes(20),
    b"#!/bin/sh\nid\n",
)
"""Beginnings of other formats, some of which Pillow could open, with a program's help or without."""


def foreign(seed: int, count: int) -> Iterator[Case]:
    """Files of other formats, whole and worsened, and noise."""
    for number in range(count):
        rng = Random(f"foreign {seed} {number}")
        beginning = rng.choice((*FOREIGN, rng.randbytes(rng.randrange(1, 300))))
        yield beginning[:4] + worsened(beginning[4:], rng, (edge, flip, repeat))


def giant(kind: str, rng: Random) -> bytes:
    """A real picture of up to 130 megapixels, or beyond; small as a file."""
    width = rng.choice((4_000, 8_000, 16_000))
    pixels = rng.choice((55_000_000, 109_000_000, 127_000_000, 130_000_000))
    size = (width, pixels // width)
    return _flat_png(size) if kind == "PNG" else _file(Image.new(GIANTS[kind], size), kind, QUICK.get(kind, {}))


def _flat_png(size: tuple[int, int]) -> bytes:
    """Transparent black, in a twentieth of Pillow's time."""
    packer = zlib.compressobj(1)
    row = bytes(1 + 4 * size[0]) * 100
    packed = b"".join(packer.compress(row[: (1 + 4 * size[0]) * min(100, size[1] - y)]) for y in range(0, size[1], 100))
    header = struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed + packer.flush()), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _as(noise: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(noise.convert("L"), dtype=np.uint16) * 257)
    return noise.convert("RGB").convert(mode) if mode in {"CMYK", "P"} else noise.convert(mode)


def _file(image: Image.Image, kind: str, options: Mapping[str, object]) -> bytes:
    """The file, with the parts that `options` name filled in."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Title", "안녕하세요", "ko", "제목", zip=True)
    text.add_text("Comment", "plain", zip=True)
    parts: Mapping[bytes, object] = {
        b"profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        b"exif": b"Exif\0\0" + abuse(Random(0), sound=True),
        b"text": text,
    }
    buffer = io.BytesIO()
    filled = {key: parts.get(value, value) if isinstance(value, bytes) else value for key, value in options.items()}
    image.save(buffer, kind, **filled)
    return buffer.getvalue()
