"""How a task meets machine faults: Prefect retries it, but only for errors that may pass.

Quality is never retried here; that is the visible loop of the flow.
"""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from tasks.domain.errors import TransientError


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """True when the task failed with a `TransientError`."""
    return isinstance(state.result(raise_on_failure=False), TransientError)


retry_transient: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),  # 2, 4, 8 s
    "retry_condition_fn": is_transient,
}
"""Keyword arguments of every task that touches a network, a disk or a device."""
