"""Surfaces that do what no surface may, so that the campaign is seen to notice."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tasks.domain.errors import EditFlowError
from tests.hostile.surface import Case, Surface


def one(seed: int, count: int) -> Iterator[Case]:
    """The same case again and again."""
    for _ in range(count):
        yield b"case"


def crash(case: Case, folder: Path) -> None:
    """Ends the process."""
    os.abort()


def hang(case: Case, folder: Path) -> None:
    """Never ends."""
    while True:
        pass


def hoard(case: Case, folder: Path) -> None:
    """Takes more memory than a case may."""
    bytearray(1700 * 2**20)


def stray(case: Case, folder: Path) -> None:
    """Writes where nothing may be written."""
    (Path(tempfile.gettempdir()) / "hostile-stray").write_bytes(case)


def call(case: Case, folder: Path) -> None:
    """Asks another host."""
    with socket.socket() as asking:
        asking.settimeout(0.01)
        asking.connect_ex(("192.0.2.1", 80))


def fail(case: Case, folder: Path) -> None:
    """Raises what no caller knows."""
    raise KeyError("x")


def mute(case: Case, folder: Path) -> None:
    """Refuses without a word."""
    raise EditFlowError


SURFACES = {made.__name__: Surface(one, made) for made in (crash, hang, hoard, stray, call, fail, mute)}
