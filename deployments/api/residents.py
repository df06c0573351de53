"""Edits in processes of the API's own host that stay for the next one.

For a laptop, and for a host whose users wait for the answer; a work pool with workers needs none of this. Prefect keeps
the runs, so that after a crash of the API they are found and finished: an edit that was begun is begun again, which
changes nothing that was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Failed, Scheduled

from deployments.api.jobs import Jobs
from deployments.api.resident import Died, Resident
from flows.dispatch import RECOVERY

LOOK = 1.0
"""Seconds between two looks for work, unless there is news."""
AWAY = 2.0
"""Seconds between two looks while the Prefect server does not answer."""
STOPPED = "stopped as asked"
MOST = 3
"""Starts of one run: what ends its process that often is not tried again."""

logger = logging.getLogger("edit-flows.api")


class Residents:
    """So many processes, each doing one run of the deployment at a time."""

    def __init__(self, jobs: Jobs, count: int) -> None:
        self._client = jobs.client
        self._deployment = jobs.deployment.id
        self._news = jobs.news
        self._free = [Resident() for _ in range(count)]
        self._busy: dict[UUID, Resident] = {}
        self._cancelled: set[UUID] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """A block during which runs of the deployment are done. What is running when it ends is begun again later."""
        await self._take_over()
        for resident in self._free:
            await resident.start()
        everybody = list(self._free)
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            for task in (looking, *self._tasks):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await asyncio.gather(*(resident.end() for resident in everybody))

    async def _look(self) -> None:
        while True:
            self._news.clear()
            try:
                await self._begin()
                await self._stop_cancelled()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), LOOK)
            except httpx.HTTPError as away:
                logger.warning("the Prefect server does not answer: %s", away)
                await asyncio.sleep(AWAY)

    async def _begin(self) -> None:
        """Give what is due to the processes that are free."""
        if not self._free:
            return
        due = await self._client.get_scheduled_flow_runs_for_deployments(
            [self._deployment], limit=len(self._free) + len(self._busy)
        )
        for run in due:
            if self._free and run.id not in self._busy:
                self._busy[run.id] = self._free.pop()
                task = asyncio.create_task(self._do(run))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _do(self, run: FlowRun) -> None:
        """One run, to its end; when its process dies, or Prefect goes away under it, it is begun again."""
        resident = self._busy[run.id]
        try:
            await resident.do(run.id)
        except Died as died:
            await self._settle(run, died)
        finally:
            del self._busy[run.id]
            self._cancelled.discard(run.id)
            self._free.append(resident)
            self._news.set()

    async def _settle(self, run: FlowRun, died: Died) -> None:
        """What becomes of a run whose process ended: cancelled if that was wanted, else done anew, but not for ever."""
        words = f"left in the middle by its process: {died}"
        again: State[Any] = Scheduled(message=words)
        if run.run_count + 1 >= MOST:
            again = Failed(message=f"EngineError: {words}, {MOST} times")
        if run.id in self._cancelled:
            again = Cancelled(message=STOPPED)
        while True:
            try:
                state = (await self._client.read_flow_run(run.id)).state
                if state is None or not state.is_final() or state.is_crashed():
                    logger.warning("run %s was %s", run.name, words)
                    await self._client.set_flow_run_state(run.id, again, force=True)
            except httpx.HTTPError:
                await asyncio.sleep(AWAY)
            else:
                return

    async def _stop_cancelled(self) -> None:
        """End the process of each run that is to be cancelled, which settles the run."""
        for run in await self._runs(StateType.CANCELLING):
            if resident := self._busy.get(run.id):
                self._cancelled.add(run.id)
                await resident.end()
            else:
                await self._client.set_flow_run_state(run.id, Cancelled(message=STOPPED), force=True)

    async def _take_over(self) -> None:
        """Begin again what an API that is gone had begun."""
        fresh = datetime.now(UTC) - timedelta(seconds=RECOVERY)
        for kind in (StateType.RUNNING, StateType.PENDING, StateType.CRASHED):
            for run in await self._runs(kind):
                if kind is not StateType.CRASHED or (run.end_time and run.end_time > fresh):
                    logger.info("run %s was left by an API that is gone: begun again", run.name)
                    await self._client.set_flow_run_state(run.id, Scheduled(message="begun again"), force=True)

    async def _runs(self, kind: StateType) -> list[FlowRun]:
        wanted = FlowRunFilter.model_validate(
            {"deployment_id": {"any_": [self._deployment]}, "state": {"type": {"any_": [kind]}}}
        )
        return await self._client.read_flow_runs(flow_run_filter=wanted, limit=200)
