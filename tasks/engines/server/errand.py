"""A request on its way to the device and back, seen from the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import Request

from tasks.engines.server.host import Host
from tasks.engines.server.metrics import Metrics
from tasks.engines.server.tickets import Done, Ended, Event, Progress, Queued, Unit

T = TypeVar("T")

KEEPALIVE = 15.0
"""Seconds of silence after which an errand says that nothing happened."""


@dataclass(frozen=True)
class Workplace:
    """What serves a request: the engine's host, threads for decoding and encoding, and the counters."""

    host: Host
    threads: Executor
    metrics: Metrics

    async def timed(self, phase: str, work: Callable[[], T]) -> T:
        """What `work` gives, done in a thread; its seconds count for the phase."""
        with self.metrics.seconds.labels(phase).time():
            return await asyncio.get_running_loop().run_in_executor(self.threads, work)


class Errand(Generic[T]):
    """Units of work in the host's queue. Raises an `EngineBusy` when it takes none."""

    def __init__(
        self, place: Workplace, units: Sequence[Unit[T]], *, priority: int = 1, deadline: float | None = None
    ) -> None:
        loop, self._events = asyncio.get_running_loop(), asyncio.Queue[Event[T]]()

        def notify(event: Event[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has gone, nobody listens
                loop.call_soon_threadsafe(self._events.put_nowait, event)

        self._place = place
        self._begun = time.perf_counter()
        self._ticket = place.host.submit(units, notify, priority=priority, deadline=deadline)

    def withdraw(self) -> None:
        """End it, at its next step when it runs; nothing happens to a finished one."""
        self._place.host.withdraw(self._ticket)

    async def events(self) -> AsyncIterator[Queued | Progress | Done[T] | None]:
        """What becomes of it, to the end; None after a while without news. Raises the error it ends with."""
        seconds, waited = self._place.metrics.seconds, False
        while True:
            try:
                event = await asyncio.wait_for(self._events.get(), KEEPALIVE)
            except TimeoutError:
                yield None
                continue
            if isinstance(event, Ended):
                if event.error is not None:
                    raise event.error
                return
            if isinstance(event, Done):
                seconds.labels("edit").observe(event.seconds)
            if not waited and not isinstance(event, Queued):
                waited = True
                worked = event.seconds if isinstance(event, Done) else 0.0
                seconds.labels("wait").observe(max(0.0, time.perf_counter() - self._begun - worked))
            yield event

    async def results(self, request: Request) -> AsyncGenerator[Done[T], None]:
        """The finished units, one by one; the errand is withdrawn when the client of `request` goes away."""

        async def leave_with_client() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            self.withdraw()

        watching = asyncio.create_task(leave_with_client())
        try:
            async for event in self.events():
                if isinstance(event, Done):
                    yield event
        finally:
            watching.cancel()
            self.withdraw()
