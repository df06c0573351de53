"""Pictures made worse by those who know the format: checksums and lengths stay right where that gets further in."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import cache
from random import Random

from PIL import ImageCms

from tests.hostile.exif import abuse
from tests.hostile.mutation import Mutation, edge, flip

SIDES = (0, 1, 2, 31, 65535, 65536, 2**31 - 1, 2**32 - 1)
BOMB = 64 * 2**20
"""Bytes that 64 kB unpack to."""


@cache
def bomb() -> bytes:
    """Zeros, packed."""
    return zlib.compress(bytes(BOMB), 9)


def profile(rng: Random) -> bytes:
    """A colour profile that is none, is broken, claims another class or space, or is far too long."""
    sound = ImageCms.ImageCmsProfile(ImageCms.createProfile(rng.choice(("sRGB", "LAB", "XYZ")))).tobytes()
    made = rng.choice(
        (
            b"",
            sound,
            sound[: rng.randrange(len(sound))],
            sound[:12] + rng.choice((b"link", b"abst", b"nmcl", b"prtr")) + sound[16:],
            sound[:16] + rng.choice((b"GRAY", b"CMYK", b"Lab ", b"15CL")) + sound[20:],
            sound + bytes(2**20),
            sound[:128] + struct.pack(">I", rng.choice((0, 2**16, 2**32 - 1))) + sound[132:],
        )
    )
    return flip(made, rng) if made and rng.random() < 0.3 else made


def png(data: bytes, rng: Random) -> bytes:
    """One chunk is another, its checksum right."""
    chunks, place = [], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    if not chunks:
        return data
    at = rng.randrange(len(chunks))
    kind, body = chunks[at]
    match rng.randrange(6):
        case 0:
            chunks[at] = kind, edge(body, rng)
        case 1:
            chunks.insert(at, (kind, body))
        case 2:
            chunks.pop(at)
        case 3:
            rng.shuffle(chunks)
        case 4:
            header = chunks[0][1][8:]
            if rng.random() < 0.5:
                header = bytes(rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255)) for _ in range(5))
            chunks[0] = b"IHDR", struct.pack(">II", rng.choice(SIDES), rng.choice(SIDES)) + header
        case _:
            chunks.insert(rng.choice((1, len(chunks) - 1)), _ancillary(rng))
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _ancillary(rng: Random) -> tuple[bytes, bytes]:
    return rng.choice(
        (
            (b"zTXt", b"Comment\0\0" + bomb()),
            (b"iTXt", b"Title\0\1\0ko\0\xec\x95\x88\0" + bomb()),
            (b"iTXt", b"Title\0\0\0\0\0\xff\xfe\xfd"),
            (b"iCCP", b"icc\0\0" + bomb()),
            (b"iCCP", b"icc\0\0" + zlib.compress(profile(rng))),
            (b"eXIf", abuse(rng)),
            (b"tRNS", rng.randbytes(rng.choice((0, 1, 6, 256, 1000)))),
            (b"PLTE", rng.randbytes(rng.choice((0, 1, 3, 768, 769)))),
            (b"gAMA", struct.pack(">I", rng.choice((0, 2**32 - 1)))),
            (b"cHRM", rng.randbytes(rng.choice((0, 31, 32)))),
            (b"pHYs", struct.pack(">IIB", 0, 0, rng.choice((0, 1, 255)))),
            (b"acTL", struct.pack(">II", rng.choice((0, 1, 2, 2**31)), 0)),
        )
    )


def jpeg(data: bytes, rng: Random) -> bytes:
    """A segment more, or a frame of another size."""
    match rng.randrange(4):
        case 0:
            block = b"\xff\xe1", b"Exif\0\0" + abuse(rng)
        case 1:
            block = (
                b"\xff\xe2",
                b"ICC_PROFILE\0" + bytes((rng.choice((0, 1, 2)), rng.choice((0, 1, 255)))) + profile(rng),
            )
        case 2:
            block = (
                rng.choice((b"\xff\xe0", b"\xff\xed", b"\xff\xee", b"\xff\xfe", b"\xff\xdb", b"\xff\xc4")),
                (rng.choice((b"JFIF\0", b"Photoshop 3.0\x008BIM", b"Adobe\0d\0\0", b"MPF\0MM\0*")) + rng.randbytes(20)),
            )
        case _:
            frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
            sides = struct.pack(">HH", rng.choice((0, 1, 24, 10_000, 65_535)), rng.choice((0, 1, 32, 10_000, 65_535)))
            return data[: frame + 5] + sides + data[frame + 9 :]
    marker, body = block[0], block[1][:65_533]
    return data[:2] + marker + struct.pack(">H", len(body) + 2) + body + data[2:]


def tiff(data: bytes, rng: Random) -> bytes:
    """A directory of abuse where the sound one was, or one of its entries broken."""
    if rng.random() < 0.4:
        return abuse(rng) + data[8:]
    at = struct.unpack_from("<I", data, 4)[0] if len(data) >= 8 else 0
    at = min(at, len(data)) + 2 + 12 * rng.randrange(12) + rng.choice((0, 2, 4, 8))
    value = struct.pack("<I", rng.choice((*SIDES, 5, 8, 256, 259, 262, 273, 32_773, 34_712)))
    return data[:at] + value[: rng.choice((2, 4))] + data[at + rng.choice((2, 4)) :]


def webp(data: bytes, rng: Random) -> bytes:
    """A chunk more behind the picture, the length of the whole right."""
    kind = rng.choice((b"EXIF", b"ICCP", b"XMP ", b"ANIM", b"ANMF", b"VP8X", b"ALPH"))  # codespell:ignore alph
    body = {b"EXIF": abuse(rng), b"ICCP": profile(rng)}.get(kind, rng.randbytes(rng.choice((0, 6, 10, 30))))
    chunk = kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    made = data[:12] + chunk + data[12:] if rng.random() < 0.5 else data + chunk
    return made[:4] + struct.pack("<I", len(made) - 8) + made[8:]


def gif(data: bytes, rng: Random) -> bytes:
    """A screen of another size."""
    return data[:6] + struct.pack("<HH", rng.choice((0, 1, 65_535)), rng.choice((0, 1, 65_535))) + data[10:]


def bmp(data: bytes, rng: Random) -> bytes:
    """Another size, depth or packing."""
    at, form = rng.choice(((10, "<I"), (14, "<I"), (18, "<I"), (22, "<I"), (28, "<H"), (30, "<I"), (46, "<I")))
    value = rng.choice((0, 1, 2, 3, 4, 8, 12, 16, 24, 32, 40, 108, 124, 65_535, 2**31 - 1, 2**32 - 1))
    return data[:at] + struct.pack(form, value % 256 ** struct.calcsize(form)) + data[at + struct.calcsize(form) :]


STRUCTURED: Mapping[str, Mutation] = {
    "PNG": png,
    "JPEG": jpeg,
    "TIFF": tiff,
    "WEBP": webp,
    "GIF": gif,
    "BMP": bmp,
}
