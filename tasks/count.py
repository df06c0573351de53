"""What became of edits in a window, as the Prefect server remembers it; nothing is kept in the process that asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from prefect import get_run_logger, task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterType,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort
from pydantic import ValidationError

from tasks.domain.monitor.fold import Published, outcomes_of
from tasks.domain.monitor.health import Outcomes, Runs
from tasks.publish import KIND
from tasks.retrying import retry_transient

FLOW = FlowFilter(name=FlowFilterName(any_=["edit-image"]))
"""Whose runs are edits, also inside a batch, a chain or a campaign."""
ENDS = {
    "completed": StateType.COMPLETED,
    "failed": StateType.FAILED,
    "crashed": StateType.CRASHED,
    "cancelled": StateType.CANCELLED,
}
PAGE = 200
"""Artifacts the server gives at a time."""


@task(name="count", task_run_name="count", **retry_transient)
def count(since: datetime, until: datetime) -> tuple[Runs, Outcomes]:
    """The runs of edit-image that ended in the window, those that wait now, and the results published by the former."""
    with get_client(sync_client=True) as client:
        runs = _runs(client, since, until)
        outcomes = outcomes_of(_published(client, since, until))
    get_run_logger().info("%d edits ended, %d wait", runs.requests, runs.waiting)
    return runs, outcomes


def _runs(client: SyncPrefectClient, since: datetime, until: datetime) -> Runs:
    def many(wanted: FlowRunFilter | None = None) -> int:
        return client.count_flow_runs(flow_filter=FLOW, flow_run_filter=wanted)

    now = datetime.now(UTC)
    due = FlowRunFilter(
        state=_in(StateType.SCHEDULED), next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(before_=now)
    )
    oldest = client.read_flow_runs(
        flow_filter=FLOW, flow_run_filter=due, sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC, limit=1
    )
    began = oldest[0].next_scheduled_start_time if oldest else None
    return Runs(
        **{name: many(FlowRunFilter(state=_in(end), end_time=_ended(since, until))) for name, end in ENDS.items()},
        running=many(FlowRunFilter(state=_in(StateType.RUNNING, StateType.PENDING))),
        waiting=many(due),
        waiting_seconds=(now - began).total_seconds() if began else None,
        ever=many(),
    )


def _published(client: SyncPrefectClient, since: datetime, until: datetime) -> Iterator[Published]:
    """What the runs that ended in the window published, the last of each run."""
    seen: set[UUID | None] = set()
    offset = 0
    while True:
        page = client.read_artifacts(
            artifact_filter=ArtifactFilter(type=ArtifactFilterType(any_=[KIND])),
            flow_run_filter=FlowRunFilter(end_time=_ended(since, until)),
            sort=ArtifactSort.CREATED_DESC,
            limit=PAGE,
            offset=offset,
        )
        for artifact in page:
            if artifact.flow_run_id not in seen:
                seen.add(artifact.flow_run_id)
                yield _read(artifact.data)
        if len(page) < PAGE:
            return
        offset += PAGE


def _read(data: object) -> Published:
    """What an artifact says; Prefect keeps it as text. One that says nothing of use counts as not told."""
    try:
        return Published.model_validate(json.loads(data) if isinstance(data, str) else data)
    except (ValueError, ValidationError):
        return Published()


def _in(*states: StateType) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))


def _ended(since: datetime, until: datetime) -> FlowRunFilterEndTime:
    return FlowRunFilterEndTime(after_=since, before_=until)
