"""An edit as the API tells of it, made of what Prefect knows of its run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from pydantic import AwareDatetime, Field

from deployments.api.problems import Refused, refusal_of
from flows.dispatch import RECOVERY, comes_again
from tasks.domain.errors import EditCancelled, EngineError, error_in
from tasks.domain.models import Frozen, Verdict
from tasks.domain.results import EditResult, Outcome
from tasks.domain.review import verdict_of


class Status(StrEnum):
    """How far an edit is."""

    QUEUED = "queued"
    RUNNING = "running"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"
    """It passed, and waits for a person's approval."""
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDONE = frozenset({Status.QUEUED, Status.RUNNING})


class Found(NamedTuple):
    """What a run has shown of itself."""

    metadata_uri: str
    outcome: str
    percent: float
    step: str


class Job(Frozen):
    """An edit, as the API tells of it."""

    id: UUID
    status: Status
    progress: float = Field(ge=0, le=1, description="Share of the engine's steps that is done.")
    step: str = Field(default="", description="What was being done last, for a person.")
    prompt: str
    created: AwareDatetime | None = None
    started: AwareDatetime | None = None
    finished: AwareDatetime | None = None
    error: str = Field(default="", description="Why it failed, and what to do.")
    attempts: int = Field(default=0, description="Pictures made, once it is finished.")
    verdict: Verdict | None = Field(default=None, description="Every check of the picture delivered or refused.")
    links: dict[str, str] = Field(default_factory=dict, description="Where more of it is to be had.")


def status_of(run: FlowRun, outcome: str = "") -> Status:
    """The status of a run; `outcome` is that of its result, where it has one."""
    state = run.state
    if state is None or state.is_scheduled() or state.is_pending():
        return Status.QUEUED
    if not state.is_final():
        return Status.RUNNING
    if state.is_cancelled():
        return Status.CANCELLED
    if state.is_completed():
        return Status(outcome) if outcome else Status.ACCEPTED
    age = datetime.now(UTC) - state.timestamp
    return Status.QUEUED if comes_again(state) and age < timedelta(seconds=RECOVERY) else Status.FAILED


def job_of(run: FlowRun, found: Found, result: EditResult | None = None, base: str = "") -> Job:
    """What there is to tell of a run; `base` is where people reach the API, empty: links are relative."""
    completed = run.state is not None and run.state.is_completed()
    status = Status.FAILED if completed and not found.metadata_uri else status_of(run, _outcome(found, result))
    home = f"{base}/edits/{run.id}"
    more = ("image", "metadata", "sheet", "mask") if result is not None else ()
    return Job(
        id=run.id,
        status=status,
        progress=1.0 if completed else min(1.0, found.percent / 100),
        step=found.step if status in UNDONE else "",
        prompt=str(run.parameters["request"]["prompt"]),
        created=run.created,
        started=run.start_time,
        finished=run.end_time if status not in UNDONE else None,
        error=str(failure(run)) if status is Status.FAILED else "",
        attempts=len(result.attempts) if result else 0,
        verdict=verdict_of(result) if result else None,
        links={"self": home} | {name: f"{home}/{name}" for name in more},
    )


def failure(run: FlowRun) -> Refused:
    """Why a run gave no result, as it is answered."""
    words = (run.state and run.state.message) or "its run did not say why"
    if run.state is not None and run.state.is_cancelled():
        return refusal_of(EditCancelled("the edit was cancelled"), str(run.id))
    return refusal_of(error_in(words) or EngineError(f"the edit failed: {words}"), str(run.id))


def rejection(run: FlowRun, result: EditResult) -> Refused:
    """A picture that did not pass, as it is answered: with every check, and nothing of the picture."""
    verdict = verdict_of(result)
    seen = "; ".join(f"{check.failure}: {check.detail}" for check in verdict.checks if not check.passed)
    tries = f"{len(result.attempts)} {'attempt' if len(result.attempts) == 1 else 'attempts'}"
    detail = f"no picture passed the checks after {tries} ({seen}): see /edits/{run.id}/sheet, then say it otherwise"
    return Refused(422, "edit_rejected", detail, edit=str(run.id), verdict=verdict)


def _outcome(found: Found, result: EditResult | None) -> str:
    """What the run came to: as its metadata has it now, since a person may have decided otherwise meanwhile."""
    if result is not None:
        return result.outcome.value
    return found.outcome or (Outcome.ACCEPTED.value if found.metadata_uri else "")
