"""Policies as somebody else writes them, right and wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tasks.domain.policy import ALLOWED, Ruling
from tasks.policies.protocol import Asked, Made

REDDISH = Ruling(allowed=False, reason="it has become too red")


class Reds:
    """Denies pictures that are redder than green: what a classifier of pictures is like."""

    identity = "reds 1"

    def before(self, asked: Asked) -> Ruling:
        del asked
        return ALLOWED

    def after(self, made: Made) -> Ruling:
        red, green, _ = made.picture.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        return REDDISH if red > green else ALLOWED


class Odd:
    """A policy whose every answer is whatever `say` gives or raises."""

    identity = "odd 1"

    def __init__(self, say: Callable[[], Any]) -> None:
        self._say = say

    def before(self, asked: Asked) -> Any:
        del asked
        return self._say()

    def after(self, made: Made) -> Any:
        del made
        return self._say()


def broken() -> None:
    """Cannot be made."""
    raise RuntimeError("no weights here")


def nothing() -> object:
    """Is no policy."""
    return object()


def away() -> Any:
    raise httpx.ConnectError("nobody listens")


def slow() -> Ruling:
    time.sleep(5)
    return ALLOWED


def failing() -> Odd:
    """A policy that fails at every question."""
    return Odd(lambda: 1 / 0)
