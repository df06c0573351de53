"""A chain of edits on one picture: its steps, what became of each, and which of them can be made in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime, Field, field_validator

from tasks.domain.ending import Ending
from tasks.domain.instruction import parse, unread
from tasks.domain.models import MAX_PROMPT, Box, EditType, FailureClass, Frozen, ImageRef

MOST_STEPS = 50


class Step(Frozen):
    """One step, as a person writes it down."""

    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT)] = Field(
        description="What to change, in English, Korean or Chinese.",
        examples=["Change the text '嵇' to '稽' in the red box"],
    )
    description: str = Field(default="", max_length=200, description="What the step is for; kept in the history.")
    type: EditType | None = Field(default=None, description="Kind of edit; empty: inferred from the instruction.")
    approval: bool = Field(default=False, description="Whether a person must approve it before the chain goes on.")
    region: Box | None = Field(
        default=None,
        description="Left, top, right, bottom in pixels of the picture: the step may change these alone.",
        examples=[[120, 80, 340, 200]],
    )

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the instruction is empty; say what to change")
        return prompt


class Chain(Frozen):
    """The file that holds the steps of a chain."""

    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)


class StepDone(Frozen):
    """What became of one step."""

    number: int = Field(ge=1)
    step: Step
    ending: Ending
    failures: tuple[FailureClass, ...] = Field(default=(), description="What the checks found wrong at last.")
    reason: str = Field(default="", description="Why it was not accepted.")
    output: ImageRef | None = None
    mask_uri: str = Field(default="", description="White where the step may have changed pixels; empty: anywhere.")
    metadata_uri: str = ""
    altered: bool = Field(
        default=False,
        description="True when a label or watermark lies over the step's pixels: what they were its receipt proves.",
    )
    reused: bool = Field(default=False, description="Done by an earlier run, only looked up.")
    seconds: float = Field(description="From asking to its end.")
    engine_seconds: float = Field(default=0, description="Of all its attempts.")


class ChainResult(Frozen):
    """The history of a chain, and word for word the file beside its pictures."""

    original: str
    completed: bool
    stopped_at: int | None = Field(default=None, description="Number of the step that ended the chain.")
    steps: tuple[StepDone, ...]
    output: ImageRef | None = Field(default=None, description="The picture after the last accepted step.")
    strip_uri: str = Field(default="", description="The original and every intermediate picture on one sheet.")
    untouched: float | None = Field(
        default=None,
        description="Share of pixels no step could change, equal to the original's; empty: a step had all.",
    )
    history_uri: str = ""
    finished: AwareDatetime


def replanned(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with neighbours made one where they ask only for other words, none of them words the other writes.

    One edit instead of several costs the engine less and drifts less. Where a region is given, or anything but
    replaced text is asked for, the order may matter and the steps stay as they are.
    """
    merged: list[Step] = []
    for step in steps:
        if merged and (one := _merged(merged[-1], step)):
            merged[-1] = one
        else:
            merged.append(step)
    return tuple(merged)


def _merged(first: Step, second: Step) -> Step | None:
    if first.region or second.region or first.type != second.type:
        return None
    words = [_words(step.prompt) for step in (first, second)]
    if not all(words) or set(words[0]) & set(words[1]):
        return None
    prompt = f"{first.prompt.rstrip(' .')}.\n{second.prompt}"
    if len(prompt) > MAX_PROMPT:
        return None
    told = "; ".join(filter(None, (first.description, second.description)))
    return Step(prompt=prompt, description=told[:200], type=first.type, approval=first.approval or second.approval)


def _words(prompt: str) -> list[str]:
    """The quoted words, old and new, of an instruction that replaces text and asks for nothing else; else empty."""
    operations = parse(prompt)
    changes = [operation.text for operation in operations if operation.text]
    if unread(prompt) or len(changes) < len(operations) or not all(change.old and change.new for change in changes):
        return []
    return [word for change in changes for word in (change.old, change.new) if word]
