"""What a person decided about a result, kept and carried out."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import get_run_logger, task

from tasks.domain.results import Decision, EditResult, Review
from tasks.domain.review import standing
from tasks.retrying import retry_transient
from tasks.storage import reviews


@task(name="decide", task_run_name="decide: {decision}", **retry_transient)
def decide(metadata: str, decision: Decision, by: str, note: str = "", prompt: str = "") -> EditResult:
    """The result as it now stands. Raises `AlreadyDecided` when somebody else decided otherwise before."""
    result = reviews.decide(metadata, review_of(decision, by, note, prompt))
    get_run_logger().info("%s: %s", metadata, standing(result))
    return result


def review_of(decision: Decision, by: str, note: str = "", prompt: str = "") -> Review:
    """A decision made now; only a retry keeps the prompt."""
    asked = prompt if decision is Decision.RETRY else ""
    return Review(decision=decision, by=by.strip(), at=datetime.now(UTC), note=note.strip(), prompt=asked)
