"""Bytes made worse without knowing what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[bytes, Random], bytes]

EDGES = (0, 1, 7, 8, 9, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
"""Numbers that counters, lengths and offsets break at."""
TAILS = (
    b"PK\x03\x04" + b"\0" * 26 + b"PK\x05\x06" + b"\0" * 18,
    b"<?php system($_GET[0]); ?>",
    b"<script>alert(1)</script>",
    b"*/=1;alert(1);//",
    b"%PDF-1.7\n1 0 obj\n",
    b"\0" * 4096,
)
"""What polyglots are made with."""


def cut(data: bytes, rng: Random) -> bytes:
    """Ends early."""
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: Random) -> bytes:
    """A few bits are others."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64)) if made else 0):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def edge(data: bytes, rng: Random) -> bytes:
    """A number of 1 to 8 bytes is one that things break at."""
    width = rng.choice((1, 2, 4, 8))
    limit: int = 256**width
    number = (rng.choice(EDGES) % limit).to_bytes(width, rng.choice(("little", "big")))
    place = rng.randrange(min(len(data), rng.choice((64, 512, 2**20))) or 1)
    return data[:place] + number + data[place + width :]


def drop(data: bytes, rng: Random) -> bytes:
    """Something is missing."""
    place = rng.randrange(len(data) or 1)
    return data[:place] + data[place + rng.choice((1, 2, 4, 16, 100)) :]


def repeat(data: bytes, rng: Random) -> bytes:
    """Something is there many times."""
    place, width = rng.randrange(len(data) or 1), rng.choice((1, 4, 16, 64, 256))
    return data[:place] + data[place : place + width] * rng.choice((2, 3, 50)) + data[place + width :]


def random(data: bytes, rng: Random) -> bytes:
    """Noise in the middle."""
    place = rng.randrange(len(data) or 1)
    return data[:place] + rng.randbytes(rng.choice((1, 3, 16, 200))) + data[place:]


def follow(data: bytes, rng: Random) -> bytes:
    """Another kind of file comes behind, or before: a polyglot."""
    tail = rng.choice(TAILS)
    return tail + data if rng.random() < 0.2 else data + tail


ANY: Sequence[Mutation] = (cut, flip, flip, edge, edge, drop, repeat, random, follow)


def worsened(data: bytes, rng: Random, mutations: Sequence[Mutation] = ANY) -> bytes:
    """`data` after one to three mutations; rarely as it is."""
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        data = rng.choice(mutations)(data, rng)
    return data
