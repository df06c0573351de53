"""What was found when a published picture was held against its receipt."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, computed_field

from tasks.domain.models import Frozen


class Finding(StrEnum):
    """How one point ended."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"
    """It could not be looked at; the detail says what is missing."""


class Point(Frozen):
    """One statement of the receipt, looked at again."""

    name: str
    finding: Finding
    detail: str = Field(description="What was seen, for a person.")


class Verification(Frozen):
    """All points, in the order they were looked at."""

    points: tuple[Point, ...]

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support decorators above @property
    @property
    def verified(self) -> bool:
        """True when nothing fails; what is open was not looked at."""
        return all(point.finding is not Finding.FAILS for point in self.points)


def point(name: str, *, holds: bool, yes: str, no: str) -> Point:
    """A point that was looked at, with what is said when it holds and when it does not."""
    return Point(name=name, finding=Finding.HOLDS if holds else Finding.FAILS, detail=yes if holds else no)


def left_open(name: str, why: str) -> Point:
    """A point that could not be looked at."""
    return Point(name=name, finding=Finding.OPEN, detail=why)
