"""What a content policy is: asked before an edit, and again about every picture that was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from tasks.domain.models import EditRequest, EditType
from tasks.domain.policy import Ruling


@dataclass(frozen=True)
class Asked:
    """A request that was let in, with its pictures: upright, sRGB, RGB or RGBA."""

    request: EditRequest
    edit_type: EditType
    """As the request or its words say; no vision-language model was asked yet."""
    source: Image.Image
    references: tuple[Image.Image, ...] = ()


@dataclass(frozen=True)
class Made:
    """A picture that was made of a request, of the size of its source; nobody has it yet."""

    request: EditRequest
    edit_type: EditType
    source: Image.Image
    picture: Image.Image


class Policy(Protocol):
    """Says what may be edited and what may be delivered. Called from any thread, several at once.

    Each call has `ruling.PATIENCE` seconds. Whatever it raises, and no answer in that time, means no edit.
    """

    @property
    def identity(self) -> str:
        """Name and version: what it says may change when this does."""
        ...

    def before(self, asked: Asked) -> Ruling:
        """Whether the edit may be made; asked of every request, one whose result is known already included."""
        ...

    def after(self, made: Made) -> Ruling:
        """Whether the picture may be delivered; asked of every attempt."""
        ...
