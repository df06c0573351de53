"""Whoever asked to be told of the end of an edit is told: signed (standardwebhooks.com), and again until it is heard.

What is still to be told stands as a tag on the run, so that a restart forgets nobody; it may tell somebody twice, with
the same webhook-id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from standardwebhooks import Webhook

from deployments.api.job import UNDONE, Job, status_of
from deployments.api.jobs import ENDED, TAG, UNTOLD, URL, Jobs

LOOK = 2.0
"""Seconds between two looks for edits that ended."""
PAUSES = (0.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0)
"""Seconds before each try."""
PATIENCE = 10.0
"""Seconds one try may take."""

logger = logging.getLogger("edit-flows.api")


class Teller:
    """Tells the ends of edits."""

    def __init__(self, jobs: Jobs, secret: str, pauses: Sequence[float] = PAUSES) -> None:
        self._jobs = jobs
        self._signer = Webhook(secret)
        self._pauses = pauses
        self._telling: dict[UUID, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """A block during which ends are told."""
        async with httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False) as web:
            looking = asyncio.create_task(self._look(web))
            try:
                yield
            finally:
                for task in (looking, *self._telling.values()):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    async def _look(self, web: httpx.AsyncClient) -> None:
        wanted = FlowRunFilter.model_validate(
            {"tags": {"all_": [TAG, UNTOLD]}, "state": {"type": {"any_": list(ENDED)}}}
        )
        while True:
            try:
                for run in await self._jobs.all_of(wanted):
                    if run.id not in self._telling and status_of(run) not in UNDONE:
                        self._telling[run.id] = asyncio.create_task(self._tell(web, run))
            except httpx.HTTPError as away:
                logger.warning("the Prefect server does not answer: %s", away)
            await asyncio.sleep(LOOK)

    async def _tell(self, web: httpx.AsyncClient, run: FlowRun) -> None:
        """Tell of one edit until somebody answers 2xx, or nobody does after the last try."""
        url, heard = str(run.labels.get(URL, "")), False
        try:
            job = await self._jobs.told(run)
            for pause in self._pauses:
                await asyncio.sleep(pause)
                if heard := await self._try(web, url, run, job):
                    break
            else:
                logger.error("webhook %s never heard of edit %s", url, run.id)
            tags = [tag for tag in run.tags if tag != UNTOLD] + [f"{UNTOLD}-{'told' if heard else 'unheard'}"]
            await self._jobs.client.update_flow_run(run.id, tags=tags)
        finally:
            self._telling.pop(run.id, None)

    async def _try(self, web: httpx.AsyncClient, url: str, run: FlowRun, job: Job) -> bool:
        now, name = datetime.now(UTC), f"edit_{run.id}"
        body = f'{{"type":"edit.ended","timestamp":"{now.isoformat()}","data":{job.model_dump_json()}}}'
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(name, now, body),
        }
        try:
            answer = await web.post(url, content=body.encode(), headers=headers)
        except httpx.HTTPError as deaf:
            logger.warning("webhook %s: %s", url, deaf)
            return False
        if not answer.is_success:
            logger.warning("webhook %s answered %d", url, answer.status_code)
        return answer.is_success
