"""A brand: its colours, look, logo and what it never says; and an instruction put in its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from tasks.domain.errors import RequestError
from tasks.domain.lexicon import COLOURS
from tasks.domain.models import MAX_PROMPT, EditType, Frozen
from tasks.domain.problems import problems
from tasks.domain.wording import Script, normalise, script_of

Colour = Annotated[str, Field(max_length=20)]
Words = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\w")]


class Position(StrEnum):
    """Where a logo stands, in the order in which other places are tried."""

    BOTTOM_RIGHT = "bottom-right"
    BOTTOM_LEFT = "bottom-left"
    TOP_RIGHT = "top-right"
    TOP_LEFT = "top-left"
    BOTTOM = "bottom"
    TOP = "top"


class Logo(Frozen):
    """A logo's files and place."""

    picture: str = Field(min_length=1, max_length=200, description="File beside the brand file, PNG with transparency.")
    light: str | None = Field(
        default=None, min_length=1, max_length=200, description="The same logo in light colours, for dark grounds."
    )
    position: Position = Position.BOTTOM_RIGHT
    margin: float = Field(default=5, ge=0, le=20, description="Kept free at the borders, % of the shorter side.")
    size: float = Field(default=14, ge=3, le=40, description="Side of a square of the logo's area, as % as well.")

    @field_validator("picture", "light")
    @classmethod
    def _lies_beside(cls, name: str | None) -> str | None:
        if name is not None and ("\\" in name or ":" in name or "\0" in name or not _below(name)):
            raise ValueError(f"{name!r} is no file beside the brand file; put the logo there and give its plain name")
        return name


class Brand(Frozen):
    """A brand file: what every picture of a campaign is held to."""

    name: str = Field(min_length=1, max_length=80)
    colours: tuple[Colour, ...] = Field(min_length=1, max_length=12, description="#rrggbb or a name such as navy.")
    background: Colour | None = Field(default=None, description="Fills what a picture leaves; empty: the first colour.")
    palette: float = Field(
        default=0.1, ge=0, le=1, description="Least share of a picture in the brand's colours; 0: only measured."
    )
    style: str = Field(default="", max_length=300, description="The look, in the words an engine is to follow.")
    font: str = Field(default="", max_length=80, description="Typeface of lettering that an engine makes up.")
    forbidden: tuple[Words, ...] = Field(default=(), max_length=100, description="Never asked for, never in a picture.")
    logo: Logo | None = None

    @field_validator("colours")
    @classmethod
    def _are_colours(cls, colours: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_colour, colours))

    @field_validator("background")
    @classmethod
    def _is_a_colour(cls, colour: str | None) -> str | None:
        return colour and _colour(colour)

    @field_validator("style", "font")
    @classmethod
    def _quotes_nothing(cls, words: str) -> str:
        if re.search("[\"'“”‘’「」『』«»《》]", words):
            raise ValueError(f"{words!r} has quotation marks, which would be taken for lettering; leave them out")
        return words

    @property
    def ground(self) -> str:
        """The colour that fills what a picture leaves."""
        return self.background or self.colours[0]


def parse_brand(content: Mapping[str, Any], *, uri: str) -> Brand:
    """The brand of what its file holds. Raises `RequestError` naming the file, each wrong field and why."""
    try:
        return Brand.model_validate(content)
    except ValidationError as wrong:
        raise RequestError(f"{uri!r}: {problems(Brand, wrong)}") from wrong


def refuse_forbidden(brand: Brand, prompt: str) -> None:
    """Return for a prompt the brand can stand behind; raises `RequestError` naming what it must not ask for."""
    if found := forbidden_in(brand, prompt):
        raise RequestError(f"the brand {brand.name!r} forbids {', '.join(map(repr, found))}: reword {prompt!r}")


def forbidden_in(brand: Brand, text: str) -> tuple[str, ...]:
    """The brand's forbidden words that `text` has: whole words of Latin letters, any place for Korean and Chinese."""
    plain = _worded(text)
    return tuple(
        word
        for word in brand.forbidden
        if (_worded(word) in plain if script_of(word) is Script.LATIN else normalise(word) in normalise(text))
    )


def _worded(text: str) -> str:
    """The words of `text` alone, a space around each."""
    words = " ".join(re.findall(r"[^\W_]+", text.casefold()))
    return f" {words} "


def in_brand(brand: Brand, prompt: str, edit_type: EditType) -> str:
    """`prompt` with the brand's look added; local edits stay as they are, the rest of the picture being kept anyway."""
    if edit_type not in {EditType.SEMANTIC, EditType.HYBRID}:
        return prompt
    said = [f"In the look of the brand: {brand.style}"] if brand.style else []
    said.append(f"Prefer the colours {', '.join(brand.colours)}")
    if brand.font:
        said.append(f"Lettering in {brand.font}")
    if brand.logo:
        said.append(f"Keep the {brand.logo.position.replace('-', ' ')} calm")
    full = ". ".join([prompt.rstrip(" .。"), *said]) + "."
    return full if len(full) <= MAX_PROMPT else prompt


def _below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and all(c.isprintable() for c in name)


def _colour(colour: str) -> str:
    plain = colour.strip().casefold()
    if re.fullmatch("#[0-9a-f]{6}", plain) or plain in COLOURS:
        return plain
    raise ValueError(f"{colour!r} is no colour; write #rrggbb or one of {', '.join(sorted(COLOURS))}")
