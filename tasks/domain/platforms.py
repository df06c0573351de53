"""The sizes pictures are published in: a table with source and date, and its reader."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from tasks.domain.errors import RequestError
from tasks.domain.models import Box, Frozen

STANDARD = ("instagram_story", "instagram_post", "twitter_card", "blog_header", "blog_thumbnail")
"""Platforms of a campaign that names none: those of the guide."""


class Platform(Frozen):
    """One place pictures are published at, in pixels."""

    name: str
    title: str = Field(description="For people.")
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    top: int = Field(default=0, ge=0, description="Rows at the top that the app covers with its own controls.")
    bottom: int = Field(default=0, ge=0, description="The same at the bottom.")
    covered: Box | None = Field(default=None, description="A further rectangle that the app covers.")
    source: str = Field(description="Where the size is taken from.")
    date: str = Field(description="When that was published or last looked at.")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


@cache
def catalogue() -> dict[str, Platform]:
    """All platforms by name."""
    table = Path(__file__).with_suffix(".json").read_bytes()
    return {platform.name: platform for platform in TypeAdapter(tuple[Platform, ...]).validate_json(table)}


def _list_all(schema: dict[str, Any]) -> None:
    schema["enum"] = list(catalogue())


PlatformName = Annotated[str, Field(json_schema_extra=_list_all)]
"""The name of one; a form lists them all."""


def chosen(names: Sequence[str]) -> tuple[Platform, ...]:
    """The platforms of those names, each once, in order; the guide's five without names. Raises `RequestError`."""
    known = catalogue()
    if unknown := [name for name in names if name not in known]:
        raise RequestError(f"no platform is called {', '.join(map(repr, unknown))}; known: {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names or STANDARD))
