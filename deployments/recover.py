"""Runs that crashed, went silent or were never begun, started again as the same runs.

    python -m deployments.recover          # one process for all; looks every few seconds

A flow run that is killed tells nobody. Its worker notices a dead process and calls the run crashed; when the worker
died with it, only the silence tells: a running flow sends a heartbeat every 30 s
(PREFECT_FLOWS_HEARTBEAT_FREQUENCY). A worker that dies between taking a run and starting it leaves it pending. In any
case the run is scheduled again, up to a number of times, and finds by its identity what was finished already. A process
rather than a scheduled flow: a run of its own every few seconds would cost more than everything it watches over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.events import EventPage
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Crashed, Scheduled

logger = logging.getLogger(__name__)

HEARTBEAT = "prefect.flow-run.heartbeat"
SILENT = timedelta(seconds=100)
"""Without a heartbeat for so long, a run counts as dead: three are missed."""
UNBEGUN = timedelta(seconds=60)
"""A run that a worker has taken and not started for so long was taken by one that died. Starting takes seconds."""
LOOK = 5.0
"""Seconds between two looks."""
MEMORY = timedelta(hours=24)
"""How far back runs are looked at."""
MOST = 5
"""Starts of one run, the first included."""


def recover(client: SyncPrefectClient) -> int:
    """How many runs were started again."""
    again = 0
    for run, why in _dead(client):
        if run.run_count < MOST:
            client.set_flow_run_state(run.id, Scheduled(message=f"started again: it {why}"), force=True)
            logger.info("run %s %s: started again", run.name, why)
            again += 1
        elif run.state_type is not StateType.CRASHED:
            client.set_flow_run_state(run.id, Crashed(message=f"it {why}, {run.run_count} times"), force=True)
            logger.warning("run %s %s and was started %d times: left for a person", run.name, why, run.run_count)
    return again


def main() -> None:
    """Recover for ever; a server that does not answer is waited for."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    while True:
        try:
            with get_client(sync_client=True) as client:
                recover(client)
        except (httpx.HTTPError, PrefectHTTPStatusError) as away:
            logger.warning("the Prefect server does not answer: %s", away)
        time.sleep(LOOK)


def _dead(client: SyncPrefectClient) -> Iterator[tuple[FlowRun, str]]:
    """Runs of deployments that crashed or went silent, and which of it."""
    now = datetime.now(UTC)
    for run in _runs(client, StateType.CRASHED, now):
        yield run, "crashed"
    for run in _runs(client, StateType.PENDING, now):
        if _age(run, now) > UNBEGUN:
            yield run, "was taken by a worker that did not start it"
    running = [run for run in _runs(client, StateType.RUNNING, now) if _age(run, now) > SILENT]
    heard = _heard(client, now) if running else set()
    for run in running:
        if run.id not in heard:
            yield run, f"was silent for {SILENT.total_seconds():.0f} s"


def _runs(client: SyncPrefectClient, kind: StateType, now: datetime) -> list[FlowRun]:
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[kind])),
            deployment_id=FlowRunFilterDeploymentId(is_null_=False),
            expected_start_time=FlowRunFilterExpectedStartTime(after_=now - MEMORY),
        ),
    )


def _age(run: FlowRun, now: datetime) -> timedelta:
    """How long the run has been in its state."""
    return now - (run.state.timestamp if run.state else now)


def _heard(client: SyncPrefectClient, now: datetime) -> set[UUID]:
    """Runs that sent a heartbeat lately."""
    page: EventPage | None = client.read_events(
        EventFilter(
            event=EventNameFilter(name=[HEARTBEAT]),
            occurred=EventOccurredFilter(since=now - SILENT, until=now),
        ),
        limit=50,
    )
    heard: set[UUID] = set()
    while page:
        heard |= {UUID(event.resource.id.removeprefix("prefect.flow-run.")) for event in page.events}
        page = client.read_events_page(str(page.next_page)) if page.next_page else None
    return heard


if __name__ == "__main__":
    main()
