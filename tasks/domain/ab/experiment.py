"""A test as it is written down before it runs, and the record of it: neither ever changes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from tasks.domain.ending import Ending
from tasks.domain.errors import RequestError
from tasks.domain.inbox import same_name
from tasks.domain.models import MAX_PROMPT, EditType, Frozen, ImageRef
from tasks.domain.problems import problems
from tasks.domain.template import name_fault

MAX_ID = 60
"""Characters of a test's id: even in three-byte scripts a folder's name stays under 255 bytes."""
MOST_VARIANTS = 20
MOST = 10**12
"""Largest count of anything; beyond it a column is no count of people."""


class Metric(StrEnum):
    """What counts as success, as a share of impressions."""

    CONVERSIONS = "conversions"
    CLICKS = "clicks"
    ENGAGEMENTS = "engagements"


class Method(StrEnum):
    """When the test may decide."""

    SEQUENTIAL = "sequential"
    """At every look, however many there are."""
    FIXED = "fixed"
    """Once, when the planned size is reached: it needs fewer impressions, and looking earlier decides nothing."""


class Variant(Frozen):
    """One of the pictures that are shown."""

    name: str = Field(min_length=1, max_length=80, description="What the table of counts calls it.", examples=["warm"])
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT)] | None = Field(
        default=None, description="What to change in the picture; empty: the picture as it is."
    )
    edit_type: EditType | None = Field(default=None, description="Kind of edit; empty: inferred from the instruction.")
    hypothesis: str = Field(default="", max_length=500, description="Why it should do better.")
    share: float = Field(default=1, gt=0, le=1000, description="Its part of the traffic, relative to the others'.")

    @field_validator("name")
    @classmethod
    def _can_be_printed(cls, name: str) -> str:
        name = same_name(name)
        if name != name.strip() or any(unicodedata.category(character).startswith("C") for character in name):
            raise ValueError(f"{name!r} has invisible characters or spaces at its ends; remove them")
        return name

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str | None) -> str | None:
        if prompt is not None and not prompt.strip():
            raise ValueError("the instruction is empty; say what to change, or leave it out for the picture as it is")
        return prompt


class Aim(Frozen):
    """What the test must be able to find; its size follows from it."""

    base_rate: float = Field(gt=0, lt=1, description="Rate expected of the control, such as 0.12.")
    lift: float = Field(gt=0, le=100, description="Smallest relative lift worth finding: 0.2 is 20 % more.")
    power: float = Field(default=0.8, ge=0.5, le=0.99, description="Chance of finding it.")

    @model_validator(mode="after")
    def _is_a_rate(self) -> Aim:
        if self.base_rate * (1 + self.lift) >= 1:
            raise ValueError(f"{self.lift:.0%} more than {self.base_rate:.1%} is no rate; give a smaller lift")
        return self


class Definition(Frozen):
    """A test, as a person writes it down."""

    id: str = Field(max_length=MAX_ID, description="Name of the test; never used twice.", examples=["summer-poster"])
    hypothesis: str = Field(default="", max_length=1000, description="What the test is to show.")
    metric: Metric = Field(default=Metric.CONVERSIONS, description="What counts as success.")
    variants: tuple[Variant, ...] = Field(
        min_length=2,
        max_length=MOST_VARIANTS,
        description="What is compared; one without a prompt is the picture itself.",
    )
    control: str = Field(default="", description="The variant the others are held against; empty: the first.")
    method: Method = Field(default=Method.SEQUENTIAL, description="Whether every look may decide, or the last alone.")
    confidence: float = Field(default=0.95, ge=0.8, le=0.999, description="1 less the chance of a false winner.")
    aim: Aim | None = Field(default=None, description="What must be found; gives the size.")
    impressions: int | None = Field(
        default=None, ge=10, le=MOST, description="Planned size instead, all variants together."
    )
    roll_out_above: float = Field(
        default=0.10, ge=0, lt=1, description="Rate that a winner must be shown to have to be rolled out everywhere."
    )

    @field_validator("id")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return checked_id(name)

    @model_validator(mode="after")
    def _hangs_together(self) -> Definition:
        names = [variant.name for variant in self.variants]
        if double := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"variants {sorted(double)} are there more than once; give each its own name")
        if sum(variant.prompt is None for variant in self.variants) > 1:
            raise ValueError("more than one variant has no prompt: the picture as it is can be one of them only")
        if self.control and same_name(self.control) not in names:
            raise ValueError(f"there is no variant {self.control!r} to be the control; there are {names}")
        if self.aim and self.impressions:
            raise ValueError("aim and impressions both say how large the test is; keep one")
        if self.method is Method.FIXED and not (self.aim or self.impressions):
            raise ValueError("a fixed test decides at its planned size: give aim or impressions")
        return self

    @property
    def baseline(self) -> str:
        """Name of the control."""
        return same_name(self.control) or self.variants[0].name

    @property
    def alpha(self) -> float:
        """Chance of a false winner that is put up with, whatever the number of variants and looks."""
        return 1 - self.confidence


class Picture(Frozen):
    """What one variant shows."""

    variant: str
    image: ImageRef
    metadata_uri: str = Field(default="", description="How it was made; empty for the picture as it was given.")


class Experiment(Frozen):
    """The record of a test: written when every picture is there, and never again."""

    version: int = Field(default=1, description="Of this format.")
    definition: Definition
    source: ImageRef
    engine: str
    pictures: tuple[Picture, ...]
    planned: int | None = Field(description="Impressions of all variants together at which it is full.")
    created: AwareDatetime


class VariantDone(Frozen):
    """What became of the picture of one variant."""

    variant: str
    ending: Ending
    reason: str = Field(default="", description="Why it was not accepted.")
    picture: str = ""
    sheet: str = Field(default="", description="Before and after.")
    reused: bool = Field(default=False, description="Made by an earlier run, only looked up.")


class Creation(Frozen):
    """What the creation of a test came to: ready only when every variant has its picture."""

    test: str
    ready: bool
    existed: bool = Field(default=False, description="The same test was ready before.")
    variants: tuple[VariantDone, ...] = Field(default=(), description="Of those with a prompt; empty if it existed.")
    record: str = Field(default="", description="Where the record lies; empty while it is not ready.")
    experiment: Experiment | None = None


class Closing(Frozen):
    """The end of a test: from then on it is not analysed any more."""

    reason: str = Field(default="", max_length=1000)
    closed: AwareDatetime


class Standing(Frozen):
    """A test as it stands now."""

    experiment: Experiment
    closing: Closing | None = None
    analyses: tuple[str, ...] = Field(default=(), description="Where its analyses lie, oldest first.")

    @property
    def status(self) -> str:
        """Running or closed."""
        return "closed" if self.closing else "running"


def checked_id(name: str) -> str:
    """`name` in its one spelling. Raises `ValueError` when it cannot be a test's id: ids are data, never paths."""
    name = same_name(name)
    if fault := name_fault(name):
        raise ValueError(f"a test cannot be called {name!r}: the name {fault}")
    if len(name) > MAX_ID:
        raise ValueError(f"a test cannot be called {name!r}: {len(name)} characters, {MAX_ID} are allowed")
    return name


def read_definition(fields: Mapping[str, Any], *, uri: str) -> Definition:
    """The test that a file describes. Raises `RequestError` naming the file, each wrong field and why."""
    try:
        return Definition.model_validate(fields)
    except ValidationError as wrong:
        raise RequestError(f"{uri!r}: {problems(Definition, wrong)}") from wrong
