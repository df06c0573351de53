"""What an instruction asks for, as operations a program can act on.

`parse` understands a documented vocabulary in English, Korean and Chinese; what it does not understand it leaves out,
so an empty answer means "outside the vocabulary", never "nothing to do".
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from tasks.domain.models import Frozen, TextChange


class Action(StrEnum):
    """The verbs of the vocabulary."""

    REPLACE_TEXT = "replace text"
    REMOVE_TEXT = "remove text"
    ADD_TEXT = "add text"
    RECOLOUR = "recolour"
    BRIGHTEN = "brighten"
    DARKEN = "darken"
    BLUR = "blur"
    REMOVE_OBJECT = "remove object"
    ADD_OBJECT = "add object"
    STYLE = "style"


class Operation(Frozen):
    """One thing to do. Words are normalised to English keys, whatever language they were written in."""

    action: Action
    text: TextChange | None = Field(default=None, description="For the text actions: what goes and what comes.")
    subject: str | None = Field(
        default=None, description="What is changed: 'background', 'picture' (all of it), or a thing's or colour's key."
    )
    colour: str | None = Field(default=None, description="Target colour as a key ('red') or '#rrggbb'.")
    place: str | None = Field(default=None, description="A cell of the 3x3 grid: 'top-left', 'top', ... 'center' ...")
    marked_by: str | None = Field(
        default=None, description="Colour of the box or highlight that marks the region ('in the red box')."
    )
    thing: str | None = Field(default=None, description="For ADD_OBJECT: 'painting', 'circle', 'star', 'caption' ...")
    style: str | None = Field(default=None, description="For STYLE: 'watercolour', 'pencil', 'night' ...")


def parse(prompt: str) -> tuple[Operation, ...]:
    """The operations `prompt` asks for, in order; empty when none of its words are in the vocabulary."""
    raise NotImplementedError
