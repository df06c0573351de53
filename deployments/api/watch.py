"""Waits for edits to end: one look at the server for all who wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from deployments.api.jobs import Jobs

LOOK = 0.25
"""Seconds between two looks; more when many wait."""
AWAY = 2.0
"""Seconds between two looks while the Prefect server does not answer."""
MANY = 50
"""Edits asked about in one look."""

logger = logging.getLogger("edit-flows.api")


class Watch:
    """Tells when edits have ended."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._waiting: dict[UUID, asyncio.Event] = {}
        self._waiters: Counter[UUID] = Counter()
        self._somebody = asyncio.Event()

    async def wait(self, edit: UUID, seconds: float) -> bool:
        """True once the edit has ended, False when that took longer than `seconds`."""
        event = self._waiting.setdefault(edit, asyncio.Event())
        self._waiters[edit] += 1
        self._somebody.set()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._waiters[edit] -= 1
            if not self._waiters[edit]:
                del self._waiters[edit]
                self._waiting.pop(edit, None)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """A block during which somebody looks."""
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _look(self) -> None:
        while True:
            if not self._waiting:
                self._somebody.clear()
                await self._somebody.wait()
            waiting = list(self._waiting)
            for start in range(0, len(waiting), MANY):
                try:
                    for edit in await self._jobs.ended(waiting[start : start + MANY]):
                        if event := self._waiting.get(edit):
                            event.set()
                except httpx.HTTPError as away:
                    logger.warning("the Prefect server does not answer: %s", away)
                    await asyncio.sleep(AWAY)
            await asyncio.sleep(LOOK * (1 + len(waiting) / MANY))
