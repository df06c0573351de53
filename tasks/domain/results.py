"""How work ends: what was saved, what a person decided about it, and the result, which is its receipt.

The values that lead there are in models.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from tasks.domain.licences import Licence
from tasks.domain.models import (
    MAX_PROMPT,
    Attempt,
    Classification,
    EditRequest,
    EngineIdentity,
    Frozen,
    ImageRef,
)
from tasks.domain.receipt import Applied, Signature, Untouched

VERSION = 2
"""Of the receipt; its schema is published under this number."""


class Outcome(StrEnum):
    """How a request ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"
    """Every check passed; it waits in the review folder for a person."""


class Decision(StrEnum):
    """What may be decided about a result in review."""

    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    """Rejected, and asked for again in other words."""


class Review(Frozen):
    """What was decided about a result, by whom and when."""

    decision: Decision
    by: str = Field(min_length=1, max_length=100, description="Who decided: a person, or policy when time was up.")
    at: AwareDatetime
    note: str = Field(default="", max_length=2000, description="Why, in the words of who decided.")
    prompt: str = Field(default="", max_length=MAX_PROMPT, description="Of a retry: what to change instead.")
    retried: str = Field(
        default="", description="Of a retry: its run or its metadata, or why it was refused; empty: not begun."
    )


class Spent(Frozen):
    """What the attempts of one kind cost."""

    engine: str = Field(description="Name of the engine.")
    adapter: str = Field(default="", description="What its weights were changed by; empty: its best parameters.")
    attempts: int = Field(ge=1)
    engine_seconds: float = Field(ge=0)


class Saved(Frozen):
    """What was written: the delivered picture, its sheet, and the attempts with the final places of their pictures."""

    outcome: Outcome
    output: ImageRef
    sheet_uri: str
    mask_uri: str = ""
    engine: EngineIdentity
    attempts: tuple[Attempt, ...]
    untouched: Untouched | None = None
    marks: Applied | None = None


class EditResult(Frozen):
    """What the caller gets, and word for word the metadata file beside the picture: a signed receipt."""

    version: int = Field(default=VERSION, description="Of this format; 1 had neither signature nor marks.")
    identity: str = Field(description="The same source, request and engine always give the same identity.")
    outcome: Outcome
    request: EditRequest
    original: ImageRef
    output: ImageRef
    sheet_uri: str = Field(description="Before and after, side by side.")
    mask_uri: str = Field(default="", description="White where the output may differ from the source; empty: anywhere.")
    metadata_uri: str
    classification: Classification
    engine: EngineIdentity = Field(description="Who made the output; it may not be the engine that was asked first.")
    licence: Licence | None = Field(default=None, description="Of the model that made the output.")
    attempts: tuple[Attempt, ...]
    spent: tuple[Spent, ...] = Field(
        default=(), description="What the attempts cost, drafts apart; empty in the format's version 1."
    )
    started: AwareDatetime
    finished: AwareDatetime
    software: dict[str, str] = Field(description="Versions of what took part.")
    reused: bool = Field(default=False, description="True when the work had been done before and was looked up.")
    kept_from: str = Field(default="", description="Metadata of the equal work that the cache gave this from.")
    review: Review | None = Field(default=None, description="What was decided about it; empty: nobody had to, or yet.")
    untouched: Untouched | None = Field(
        default=None, description="What was proved equal to the source; empty: the edit was free to change every pixel."
    )
    marks: Applied | None = Field(default=None, description="How the output's file says what it is.")
    signature: Signature | None = Field(
        default=None, description="By whom all of this was signed; empty: as it was looked up, or of version 1."
    )

    @property
    def engine_seconds(self) -> float:
        """Of all its attempts."""
        return sum(attempt.candidate.engine_seconds for attempt in self.attempts)

    def again(self) -> EditResult:
        """The same as an answer to a later request. What is not word for word the file is not signed."""
        return self.model_copy(update={"reused": True, "signature": None})


def spent_on(attempts: Sequence[Attempt]) -> tuple[Spent, ...]:
    """What the attempts cost by engine and adapter, in the order of the first of each."""
    kinds: dict[tuple[str, str], list[float]] = {}
    for attempt in attempts:
        maker = attempt.candidate.engine
        kind = (maker.name if maker else "", attempt.plan.adapter)
        kinds.setdefault(kind, []).append(attempt.candidate.engine_seconds)
    return tuple(
        Spent(engine=name, adapter=adapter, attempts=len(seconds), engine_seconds=round(sum(seconds), 3))
        for (name, adapter), seconds in kinds.items()
    )


def receipt_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what is written beside a picture, of the format's present version."""
    schema = EditResult.model_json_schema(mode="serialization")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:edit-flows:receipt:{VERSION}"}
    return dialect | schema | {"title": "Receipt of an edit"}
