"""What a content policy says, and the rules of the one that comes with this project."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from tasks.domain.models import Frozen

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Ruling(Frozen):
    """What a policy says to one request, or to one picture."""

    allowed: bool
    reason: str = Field(default="", max_length=500, description="Why not, for a person; a denial has one.")
    policy: str = Field(default="", description="Which policy said so, with its version; filled in by who asks it.")

    @model_validator(mode="after")
    def _says_why_not(self) -> Self:
        if not self.allowed and not self.reason.strip():
            raise ValueError("a denial without a reason: say why, for the person who asked")
        return self


ALLOWED = Ruling(allowed=True)


class Language(StrEnum):
    """How a word is looked for: as its language writes words."""

    EN = "en"
    """And other alphabets: whole words."""
    KO = "ko"
    """Anywhere, for endings are written on to it."""
    ZH = "zh"
    """Anywhere, for nothing stands between words."""


class Denial(Frozen):
    """One thing that may not be asked for."""

    reason: Words = Field(description="What the person who asked is told.")
    words: Mapping[Language, tuple[Words, ...]] = Field(
        default_factory=dict, description="Words and phrases by language, in any spelling of case, width and spacing."
    )
    patterns: tuple[Words, ...] = Field(
        default=(),
        description="Regular expressions in Rust's syntax (linear in time: no look-around, no backreferences).",
    )

    @model_validator(mode="after")
    def _denies_something(self) -> Self:
        if not any(self.words.values()) and not self.patterns:
            raise ValueError(f"{self.reason!r} denies nothing: give it words or patterns")
        return self


class Rules(Frozen):
    """A content policy as a file."""

    deny: tuple[Denial, ...] = ()
    consent_for_faces: bool = Field(
        default=False, description="Whether a picture with a face in it is only edited with consent."
    )
    consent_label: Words = Field(default="consent", description="The label of a request that says there is consent.")

    @model_validator(mode="after")
    def _rules_something(self) -> Self:
        if not self.deny and not self.consent_for_faces:
            raise ValueError("it allows everything: give it deny or consent_for_faces, or set no policy at all")
        return self
