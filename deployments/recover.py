"""Runs that a machine ended - crashed, silent, never begun, failed on a store that was away - started as the same runs.

    python -m deployments.recover          # one process for all; looks every few seconds

A flow run that is killed tells nobody. Its worker notices a dead process and calls the run crashed; when the worker
died with it, only the silence tells: a running flow sends a heartbeat every 30 s
(PREFECT_FLOWS_HEARTBEAT_FREQUENCY). A worker that dies between taking a run and starting it leaves it pending, one that
dies before it has cancelled a run leaves that cancelling. What went silent is called crashed first, which gives back
the slots it held; what crashed is scheduled again, at its old place in the queue at first, then later and later, up to
a number of times, and finds by its identity what was finished already. A process rather than a scheduled flow: a run of
its own every few seconds would cost more than everything it watches over. Clocks of hosts must agree within seconds.
"""

from __future__ import annotations

import logging
import re
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
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Cancelled, Crashed, Scheduled

from tasks.domain.errors import TransientError, error_in

logger = logging.getLogger(__name__)

AGAIN = "started again: it ended by no fault of its own"
LOST = re.compile(
    r"\b(?:Connect|Read|Write|Pool)(?:Error|Timeout)\b|RemoteProtocolError|PrefectHTTPStatusError: .*50[234]"
)
"""What a run fails with that lost the Prefect server for longer than its client asks again."""
HEARTBEAT = "prefect.flow-run.heartbeat"
SILENT = timedelta(seconds=100)
"""Without a heartbeat for so long, a run counts as dead: three are missed."""
UNBEGUN = timedelta(seconds=60)
"""A run that a worker has taken and not started for so long was taken by one that died: a process takes seconds."""
UNPULLED = timedelta(minutes=15)
"""The same where a run is a container or a job: its image may have to come, its host to be found."""
LOOK = 5.0
"""Seconds between two looks."""
DEAF = 40.0
"""Seconds without a look after which nobody's silence counts: heartbeats found no server either."""
MEMORY = timedelta(hours=24)
"""How far back ended runs are looked for at first."""
RECENT = timedelta(minutes=10)
"""How far back in every further look: many thousand runs may end in a day."""
MOST = 8
"""Starts of one run, the first included."""
PAUSES = (0, 10, 20, 40, 80, 160, 300)
"""Seconds before each further start: what ended by accident goes on at once, what a long outage ends outlasts it."""
PAGE = 200
"""Runs the server gives at a time."""


def recover(client: SyncPrefectClient, *, back: timedelta = MEMORY, deaf: bool = False) -> int:
    """How many runs were started again.

    Of those that ended, the ones that did in the time `back` are looked at; `deaf`: nobody's silence counts just now.
    """
    now = datetime.now(UTC)
    for run, why in [*_unbegun(client, now), *([] if deaf else _silent(client, now))]:
        logger.warning("run %s %s", run.name, why)
        client.set_flow_run_state(run.id, Crashed(message=f"it {why}"))
    for run in _runs(client, StateType.CANCELLING):
        if _age(run, now) > UNBEGUN:
            logger.warning("run %s was to be cancelled by a worker that is gone", run.name)
            client.set_flow_run_state(run.id, Cancelled(message="nobody is left to stop"), force=True)
    again = 0
    for run in _ended_by_a_machine(client, now - back):
        if run.run_count < MOST:
            client.set_flow_run_state(run.id, Scheduled(scheduled_time=_when(run, now), message=AGAIN), force=True)
            logger.info("run %s ended by no fault of its own: started again", run.name)
            again += 1
    return again


def main() -> None:
    """Recover for ever; a server that does not answer is waited for."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    back, looked, hearing = MEMORY, 0.0, 0.0
    while True:
        begun = time.monotonic()
        if begun - looked > DEAF:
            hearing = begun + SILENT.total_seconds()
        try:
            with get_client(sync_client=True) as client:
                recover(client, back=back, deaf=begun < hearing)
            back, looked = RECENT, begun
        except (httpx.HTTPError, PrefectHTTPStatusError) as away:
            back = MEMORY
            logger.warning("the Prefect server does not answer: %s", away)
        time.sleep(LOOK)


def _unbegun(client: SyncPrefectClient, now: datetime) -> Iterator[tuple[FlowRun, str]]:
    """Runs that a worker took and will not start, and how that is known."""
    taken = [run for run in _runs(client, StateType.PENDING) if _age(run, now) > UNBEGUN]
    slow = {pool.name for pool in client.read_work_pools() if pool.type != "process"} if taken else set()
    for run in taken:
        if run.work_pool_name not in slow or _age(run, now) > UNPULLED:
            yield run, "was taken by a worker that did not start it"


def _silent(client: SyncPrefectClient, now: datetime) -> Iterator[tuple[FlowRun, str]]:
    """Runs that nobody works on though the server thinks so, and how that is known."""
    running = [run for run in _runs(client, StateType.RUNNING) if _age(run, now) > SILENT]
    heard = _heard(client, now) if running else set()
    for run in running:
        if run.id not in heard:
            yield run, f"was silent for {SILENT.total_seconds():.0f} s"


def _ended_by_a_machine(client: SyncPrefectClient, since: datetime) -> Iterator[FlowRun]:
    yield from _runs(client, StateType.CRASHED, since)
    for run in _runs(client, StateType.FAILED, since):
        words = (run.state and run.state.message) or ""
        if isinstance(error_in(words), TransientError) or LOST.search(words):
            yield run


def _when(run: FlowRun, now: datetime) -> datetime:
    """When a run is started again: at first as soon as when it was due, which is before whatever came later."""
    pause = PAUSES[max(0, run.run_count - 1)]
    return now + timedelta(seconds=pause) if pause else min(now, run.expected_start_time or now)


def _runs(client: SyncPrefectClient, kind: StateType, since: datetime | None = None) -> list[FlowRun]:
    """All runs of deployments in that state, of those that ended only what ended since then."""
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[kind])),
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        end_time=FlowRunFilterEndTime(after_=since) if since else None,
    )
    found: list[FlowRun] = []
    while True:
        page = client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=len(found))
        found += page
        if len(page) < PAGE:
            return found


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
