"""EXIF blocks as nobody should write them: loops, offsets into nowhere, orientations that are none."""

from __future__ import annotations

import struct
from random import Random

ORIENTATION, EXIF_IFD, GPS_IFD, MAKER_NOTE, THUMBNAIL = 0x0112, 0x8769, 0x8825, 0x927C, 0x0201
TAGS = (ORIENTATION, ORIENTATION, EXIF_IFD, GPS_IFD, MAKER_NOTE, THUMBNAIL, 0x010F, 0x9286, 0xC4A5, 0x02BC)
TYPES = (0, 1, 2, 3, 4, 5, 7, 10, 11, 12, 13, 16, 99)
COUNTS = (0, 1, 2, 4, 1000, 2**16, 2**31, 2**32 - 1)
OFFSETS = (0, 4, 8, 26, 2**31 - 1, 2**32 - 1)


def abuse(rng: Random, *, sound: bool = False) -> bytes:
    """A TIFF header and directories; `sound` gives a well-formed one that turns the picture."""
    if sound:
        return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, ORIENTATION, 3, 1, 6, 0, 0)
    order = rng.choice("<>")
    entries = [_entry(rng, order) for _ in range(rng.choice((0, 1, 3, 40)))]
    count = rng.choice((len(entries), len(entries), 0, 65535))
    following = rng.choice(OFFSETS)  # 8 is this directory again: a loop
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", rng.choice((42, 42, 42, 43)), 8)
    tail = rng.randbytes(rng.choice((0, 20)))
    return head + struct.pack(f"{order}H", count) + b"".join(entries) + struct.pack(f"{order}I", following) + tail


def _entry(rng: Random, order: str) -> bytes:
    tag = rng.choice(TAGS)
    if tag == ORIENTATION:
        value = rng.choice((struct.pack(f"{order}HH", rng.choice((0, 1, 6, 9, 65535)), 0), b"6\0\0\0", b"abcd"))
        return struct.pack(f"{order}HHI", tag, rng.choice((2, 3, 3, 3, 5, 7)), rng.choice((0, 1, 1, 1, 4))) + value
    return struct.pack(f"{order}HHII", tag, rng.choice(TYPES), rng.choice(COUNTS), rng.choice(OFFSETS))
