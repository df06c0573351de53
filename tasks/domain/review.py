"""Results a person looks at: which wait, what may be decided about them, and what happens when nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field, ValidationError

from tasks.domain.errors import RequestError
from tasks.domain.models import EditRequest, Frozen, Verdict
from tasks.domain.problems import problems
from tasks.domain.results import Decision, EditResult, Outcome, Review

POLICY = "policy"
"""Who decided when time was up."""
RETRY_OF = "retry_of"
"""Label of a retry: the metadata of what it is to do better than."""
DONE = {Decision.APPROVE: "approved", Decision.REJECT: "rejected", Decision.RETRY: "sent back with another prompt"}


class Late(StrEnum):
    """What happens to a result about which nobody decided in time."""

    KEEP = "keep"
    """It stays, marked overdue."""
    REJECT = "reject"
    APPROVE = "approve"
    """If its checks passed; others stay."""


class Waiting(Frozen):
    """A result that nobody has decided about."""

    uri: str = Field(description="Its metadata.")
    since: AwareDatetime


class Retry(Frozen):
    """The edit that a retry asks for."""

    request: EditRequest
    output: str
    engine: str
    key: str = Field(description="Names this piece of work: however often it is begun, it is meant once.")


class Closed(Frozen):
    """What one round of `close-reviews` did and found; every entry is a metadata file."""

    waiting: int = Field(default=0, description="Results about which somebody has yet to decide, in time or not.")
    overdue: tuple[str, ...] = Field(default=(), description="Those of them that have waited too long.")
    decided: tuple[str, ...] = Field(default=(), description="By the policy, just now.")
    finished: tuple[str, ...] = Field(
        default=(), description="Decided by somebody whose process died; now carried out."
    )
    failed: tuple[str, ...] = Field(default=(), description="Could not be closed or finished; the log says why.")


def outcome_of(request: EditRequest, verdict: Verdict, *, complete: bool = True) -> Outcome:
    """How a request ends whose last candidate got this verdict; not `complete` what lacks something it asks for."""
    if not verdict.passed:
        return Outcome.REJECTED
    return Outcome.ACCEPTED if complete and not request.approval else Outcome.PENDING


def standing(result: EditResult) -> str:
    """Why a result is not delivered, or who decided that it is, for a person; empty when its checks decided that."""
    if result.review:
        by = f"{DONE[result.review.decision]} by {result.review.by}"
        return f"{by}: {result.review.note}" if result.review.note else by
    if result.outcome is Outcome.PENDING:
        missing = result.marks.label_missing if result.marks else ""
        return f"waits for approval: no visible label, as {missing}" if missing else "waits for approval"
    return ", ".join(verdict_of(result).failures) if result.outcome is Outcome.REJECTED else ""


def verdict_of(result: EditResult) -> Verdict:
    """The verdict on the picture that is delivered or shown: of the best attempt, which need not be the last."""
    of_output = (one.verdict for one in result.attempts if one.candidate.image.uri == result.output.uri)
    return next(of_output, result.attempts[-1].verdict)


def is_overdue(since: datetime, now: datetime, days: float) -> bool:
    """True for a result that has waited more than so many days."""
    return now - since > timedelta(days=days)


def late_decision(result: EditResult, late: Late) -> Decision | None:
    """What the policy decides about an overdue result; None: nothing, it stays."""
    if late is Late.REJECT:
        return Decision.REJECT
    return Decision.APPROVE if late is Late.APPROVE and result.outcome is Outcome.PENDING else None


def retry_of(result: EditResult, review: Review, output: str) -> Retry:
    """The edit that a retry of `result` asks for: the same but for its instruction. Never taken from the cache.

    Raises `RequestError` for an instruction that is none.
    """
    fields = result.request.model_dump() | {
        "prompt": review.prompt,
        "metadata": result.request.metadata | {RETRY_OF: result.metadata_uri},
        "cache": False,  # who asks again wants another picture than there is
    }
    try:
        request = EditRequest.model_validate(fields)
    except ValidationError as wrong:
        raise RequestError(f"no retry: {problems(EditRequest, wrong)}") from wrong
    key = f"retry {result.metadata_uri} {review.at.isoformat()}"
    return Retry(request=request, output=output, engine=engine_of(result), key=key)


def engine_of(result: EditResult) -> str:
    """Name of the engine that was asked first; that of the output may be one fallen back on."""
    first = result.attempts[0].candidate.engine if result.attempts else None
    return (first or result.engine).name


def page_of(waiting: Sequence[Waiting], number: int, size: int) -> tuple[Sequence[Waiting], int]:
    """The items of a page, counted from 1, and how many pages there are, one at least."""
    pages = max(1, -(-len(waiting) // size))
    number = min(max(number, 1), pages)
    return waiting[(number - 1) * size : number * size], pages
