"""Box J, re-edit queue: change the plan because of the verdict, within the budget."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import get_run_logger, task

from tasks.domain.models import Attempt, EditPlan
from tasks.domain.remedies import next_plan
from tasks.settings import settings


@task(name="requeue", task_run_name="requeue after attempt {number}")
def requeue(attempts: Sequence[Attempt], number: int) -> EditPlan | None:
    """The plan to try next, or None when attempts or engine seconds are spent."""
    limits = settings()
    plan = next_plan(attempts, max_attempts=limits.max_attempts, max_engine_seconds=limits.max_engine_seconds)
    failures = ", ".join(attempts[-1].verdict.failures) or "no check applied"
    get_run_logger().info("attempt %d: %s; %s", number, failures, "trying again" if plan else "budget spent, giving up")
    return plan
