"""Engines by name: where each lives and what to install for it. Imported only when used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import NamedTuple, cast

from tasks.domain.errors import UnknownEngine
from tasks.engines.protocol import Engine


class Entry(NamedTuple):
    """One engine: `module:factory` and what brings in what it imports."""

    path: str
    install: str


ENGINES: dict[str, Entry] = {
    "classical": Entry("tasks.engines.classical.engine:ClassicalEngine", "pip install -e ."),
    "qwen": Entry("tasks.engines.qwen.engine:from_environment", "pip install -e .[cuda]"),
    "endpoint": Entry("tasks.engines.endpoint.engine:from_environment", "pip install -e ."),
}


@cache
def get_engine(name: str) -> Engine:
    """The engine of that name, loaded once per process. Raises `UnknownEngine`: the known names, or what to install."""
    try:
        entry = ENGINES[name]
    except KeyError:
        raise UnknownEngine(f"unknown engine {name!r}; known engines: {', '.join(sorted(ENGINES))}") from None
    module, _, attribute = entry.path.partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except ImportError as missing:
        raise UnknownEngine(
            f"engine {name!r} needs {missing.name!r}, which is not installed: {entry.install}"
        ) from missing
    return cast("Engine", factory())
