"""Edits in processes of the API's own host that stay for the next one: no start of a process per run.

For a laptop, and for a host whose users wait for the answer; a work pool with workers needs none of this. Prefect keeps
the runs, so that after a crash of the API they are found and finished: an edit that was begun is begun again, which
changes nothing that was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from pebble import ProcessExpired, ProcessPool
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import SyncClientContext
from prefect.exceptions import PrefectHTTPStatusError
from prefect.flow_engine import run_flow
from prefect.states import Cancelled, Failed, Scheduled

from flows.edit import edit_image
from flows.persistent import Persistent

NAME = "api"
"""Of the deployment whose runs are done here."""
LOOK = 0.2
"""Seconds between two looks for work."""
LAST_WORDS = 3.0
"""Seconds a process that is ended has to say so; after that pebble kills it."""
MOST = 3
"""Starts of one run: what kills its process that often is not tried again."""

logger = logging.getLogger("edit-flows.api")


class Residents:
    """So many processes, each doing one edit at a time."""

    def __init__(self, client: PrefectClient, deployment: UUID, count: int) -> None:
        self._client = client
        self._deployment = deployment
        self._count = count
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._stopping: dict[UUID, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """A block during which runs of the deployment are done. What is running when it ends is begun again later."""
        await self._take_over()
        # spawned: a fork of a process with threads may hang
        pool = ProcessPool(self._count, initializer=warm_up, context=multiprocessing.get_context("spawn"))
        looking = asyncio.create_task(self._look(pool))
        try:
            yield
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
            await asyncio.to_thread(_end, pool)

    async def _look(self, pool: ProcessPool) -> None:
        while True:
            try:
                await self._begin(pool)
                await self._stop_cancelled()
            except (httpx.HTTPError, PrefectHTTPStatusError) as away:
                logger.warning("the Prefect server does not answer: %s", away)
            await asyncio.sleep(LOOK)

    async def _begin(self, pool: ProcessPool) -> None:
        free = self._count - len(self._running)
        if free <= 0:
            return
        due = await self._client.get_scheduled_flow_runs_for_deployments(
            [self._deployment], scheduled_before=None, limit=free + len(self._running)
        )
        for run in due:
            if run.id not in self._running and len(self._running) < self._count:
                self._running[run.id] = asyncio.create_task(self._do(pool, run))

    async def _do(self, pool: ProcessPool, run: FlowRun) -> None:
        """One run, to its end; a process that dies under it is replaced, and the run started again."""
        try:
            await asyncio.wrap_future(pool.schedule(execute, args=[run.id]))
        except ProcessExpired as died:
            state = (await self._client.read_flow_run(run.id)).state
            if state is not None and state.is_cancelling():
                return
            logger.warning("the process of run %s ended (%s)", run.name, died)
            words = f"its process ended {run.run_count + 1} times ({died})"
            again: State[Any] = (
                Scheduled(message=words) if run.run_count + 1 < MOST else Failed(message=f"EngineError: {words}")
            )
            await self._client.set_flow_run_state(run.id, again, force=True)
        finally:
            self._running.pop(run.id, None)

    async def _stop_cancelled(self) -> None:
        """End each run that is to be cancelled."""
        for run in await self._runs(StateType.CANCELLING):
            if run.id not in self._stopping:
                self._stopping[run.id] = asyncio.create_task(self._stop(run))

    async def _stop(self, run: FlowRun) -> None:
        """End the process of a run. Being stopped it says that it crashed: what it is called comes after that."""
        try:
            if task := self._running.get(run.id):
                task.cancel()  # pebble ends the process
                await asyncio.wait([task])
                for _ in range(round(LAST_WORDS / LOOK)):
                    state = (await self._client.read_flow_run(run.id)).state
                    if state is not None and state.is_final():
                        break
                    await asyncio.sleep(LOOK)
            await self._client.set_flow_run_state(run.id, Cancelled(message="stopped as asked"), force=True)
        finally:
            del self._stopping[run.id]

    async def _take_over(self) -> None:
        """Begin again what an API that is gone had begun."""
        for kind in (StateType.RUNNING, StateType.PENDING):
            for run in await self._runs(kind):
                logger.info("run %s was left by an API that is gone: begun again", run.name)
                await self._client.set_flow_run_state(run.id, Scheduled(message="begun again"), force=True)

    async def _runs(self, kind: StateType) -> list[FlowRun]:
        wanted = FlowRunFilter.model_validate(
            {"deployment_id": {"any_": [self._deployment]}, "state": {"type": {"any_": [kind]}}}
        )
        return await self._client.read_flow_runs(flow_run_filter=wanted, limit=200)


def execute(run: UUID) -> None:
    """Do one run in this process. How it ended stands in its state, errors as well."""
    with SyncClientContext(httpx_settings={"transport": Persistent()}) as prefect:
        found = prefect.client.read_flow_run(run)
        run_flow(edit_image, flow_run=found, return_type="state")


def warm_up() -> None:
    """Load what every edit needs: the models that read text."""
    from PIL import Image  # noqa: PLC0415  in the process that works, not in the API's

    from tasks.engines.text_reader import read_text  # noqa: PLC0415  as above

    read_text(Image.new("RGB", (64, 64), "white"))


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
