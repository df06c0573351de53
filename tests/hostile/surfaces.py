"""The table of surfaces: every way in that bytes or words of a stranger take."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from tests.hostile.surface import Surface

MODULES = ("sights", "documents", "keys", "receipts", "engines", "wire")
"""Each with a table SURFACES of its own, so that a process imports no more than it is to test."""


def names() -> tuple[str, ...]:
    """All surfaces, as module/name."""
    return tuple(f"{module}/{name}" for module in MODULES for name in import_module(f"tests.hostile.{module}").SURFACES)


def surface(name: str) -> Surface:
    """The surface of that name."""
    module, _, own = name.partition("/")
    return cast("Surface", import_module(f"tests.hostile.{module}").SURFACES[own])
