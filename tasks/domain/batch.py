"""What a batch was asked for and what became of it, request by request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from tasks.domain.ending import Ending
from tasks.domain.models import EditRequest, Frozen
from tasks.domain.problems import problems
from tasks.domain.results import EditResult
from tasks.domain.review import standing
from tasks.domain.telling import delivered
from tasks.domain.template import Template


class Asked(Frozen):
    """One request of a batch, or why what stands in its place is none."""

    number: int = Field(ge=1, description="Its place in the batch.")
    name: str = Field(description="The picture, or the line of the list.")
    request: EditRequest | None = None
    objection: str = ""


class Row(Frozen):
    """One line of the table: the fields are its columns."""

    number: int
    picture: str
    prompt: str = ""
    ending: Ending
    edit_type: str = ""
    attempts: int = 0
    failures: str = Field(default="", description="Failure classes of the last attempt, separated by commas.")
    adapter: str = Field(default="", description="Which draft was delivered; empty: one of the engine's best quality.")
    engine_seconds: float = 0
    seconds: float = Field(default=0, description="From being taken up to its end.")
    reused: bool = Field(default=False, description="Done before, only looked up.")
    output: str = ""
    sheet: str = ""
    metadata: str = ""
    reason: str = ""


class BatchResult(Frozen):
    """What came of a batch, and word for word the batch.json beside its table."""

    source: str
    accepted: int = 0
    rejected: int = 0
    pending: int = 0
    refused: int = 0
    failed: int = 0
    reused: int = Field(default=0, description="How many of those edited had been done before.")
    drafts: int = Field(default=0, description="How many were accepted as a draft of their engine's.")
    rejected_by: dict[str, int] = Field(default_factory=dict, description="Rejected ones by failure class.")
    seconds: float
    engine_seconds: float = Field(default=0, description="Of what was done now.")
    table: str = Field(description="CSV with a line for each request.")
    parquet: str = Field(default="", description="The same table; empty where pyarrow is not installed.")
    sheets: tuple[str, ...] = Field(default=(), description="Contact sheets: before and after of each request.")
    finished: AwareDatetime

    @property
    def engine_seconds_per_accepted(self) -> float | None:
        """Engine seconds one picture accepted now cost, those of rejected ones included; None without any."""
        return self.engine_seconds / done if (done := self.accepted - self.reused) > 0 else None


def row_of(asked: Asked, result: EditResult, seconds: float) -> Row:
    """The line for a request that was edited."""
    last = result.attempts[-1].verdict
    spent = 0.0 if result.reused else result.engine_seconds
    return Row(
        number=asked.number,
        picture=result.request.image,
        prompt=result.request.prompt,
        ending=Ending(result.outcome),
        edit_type=result.classification.edit_type,
        attempts=len(result.attempts),
        failures=", ".join(last.failures),
        adapter=delivered(result).plan.adapter,
        engine_seconds=round(spent, 3),
        seconds=round(seconds, 3),
        reused=result.reused,
        output=result.output.uri,
        sheet=result.sheet_uri,
        metadata=result.metadata_uri,
        reason=standing(result) if result.review else "",
    )


def row_without(asked: Asked, ending: Ending, reason: str, seconds: float = 0) -> Row:
    """The line for a request that came to nothing."""
    prompt = asked.request.prompt if asked.request else ""
    return Row(
        number=asked.number,
        picture=asked.name,
        prompt=prompt,
        ending=ending,
        reason=" ".join(reason.split()),
        seconds=round(seconds, 3),
    )


def ask(number: int, name: str, fields: Mapping[str, Any], template: Template | None) -> Asked:
    """The request that `fields` (those of `EditRequest`) make, what they leave out taken from `template`."""
    kept = template.model_dump(exclude_none=True, exclude={"engine", "output"}) if template else {}
    terms = kept | dict(fields)
    if isinstance(labels := fields.get("metadata", {}), Mapping):
        terms["metadata"] = kept.get("metadata", {}) | dict(labels)
    if terms.get("edit_type") == "auto":
        del terms["edit_type"]
    try:
        request = EditRequest.model_validate(terms)
    except ValidationError as wrong:
        return Asked(number=number, name=name, objection=problems(EditRequest, wrong))
    return Asked(number=number, name=request.image, request=request)
