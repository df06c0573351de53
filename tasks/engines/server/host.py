"""The one owner of an engine: a thread that loads it and works off a bounded queue, and survives its crashes."""

from __future__ import annotations

import gc
import logging
import threading
import time
import traceback
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, TypeVar

from tasks.domain.errors import DeviceLostError, EditCancelled, EditFlowError, EngineError, RequestError, SettingsError
from tasks.domain.models import EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.protocol import Engine
from tasks.engines.server.errors import (
    DeadlineExceeded,
    EngineFailed,
    EngineLoading,
    QueueFull,
    ShuttingDown,
    without_frames,
)
from tasks.engines.server.pace import Pace
from tasks.engines.server.tickets import Done, Ended, Notify, Ticket, Unit

logger = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPTS = 5
"""Crashes in a row, without one unit of work done in between, after which the engine is given up."""
LONGEST_PAUSE = 60.0
"""Seconds before a restart at most."""
COME_BACK = 5.0
"""Seconds after which a server that shuts down may be there again."""
CANCELLING = 10.0
"""Seconds a cancelled edit is given to get to its next step when the server stops."""


class State(StrEnum):
    """What the host is doing."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    STOPPING = "stopping"


class Serving(NamedTuple):
    """What is known of an engine once it is loaded."""

    identity: EngineIdentity
    traits: Traits
    vision: bool


class Host:
    """Runs work on the engine, one unit at a time in one thread: higher priority first, then first come.

    `load` makes a fresh engine; it is called in that thread, again after each crash. A crash is any exception but an
    `EditFlowError`: the running request gets an `EngineError`, those that wait are kept. After a `DeviceLostError` the
    engine is given up: only another process can use the device again. `limit` requests may wait. `pause` seconds pass
    before the first restart, twice as many before each further one. `watch` is told every state.
    """

    def __init__(
        self,
        load: Callable[[], Engine],
        *,
        limit: int = 16,
        pause: float = 1.0,
        watch: Callable[[State], None] = lambda _: None,
    ) -> None:
        self.limit = limit
        self.state = State.LOADING
        self.error: str | None = None
        """What is wrong with the engine, while it is restarted or has failed."""
        self.serving: Serving | None = None
        """What was loaded; None before."""
        self.hopeless = False
        """True when loading again in this process would not help: its settings are wrong, or the device is lost."""
        self._load = load
        self._pause = pause
        self._watch = watch
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._waiting: list[Ticket[Any]] = []
        self._running: Ticket[Any] | None = None
        self._crashes = 0
        self._numbers = 0
        self._reserved = 0
        self._pace = Pace()

    def start(self) -> None:
        """Begin to load the engine."""
        self._new_thread(0.0)

    @property
    def waiting(self) -> int:
        """Requests in the queue, without the running one."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """1 while the engine works, else 0."""
        return int(self._running is not None)

    def ensure_room(self) -> Serving:
        """What is served, when a request would be taken now; raises an `EngineBusy` that says why not."""
        with self._changed:
            serving = self._ensure_working()
            if len(self._waiting) + self.running + self._reserved > self.limit:
                wait = self._estimate()
                raise QueueFull(f"{self.limit} requests are waiting, as many as may: ask again in {wait:.0f} s", wait)
            return serving

    @contextmanager
    def room(self) -> Iterator[Serving]:
        """A place in the queue kept free while a request is prepared; raises an `EngineBusy` when there is none."""
        with self._changed:
            serving = self.ensure_room()
            self._reserved += 1
        try:
            yield serving
        finally:
            with self._changed:
                self._reserved -= 1

    def submit(
        self, units: Sequence[Unit[T]], notify: Notify[T], *, priority: int = 1, deadline: float | None = None
    ) -> Ticket[T]:
        """A request put into the queue, inside `room()`; `notify` hears what becomes of it.

        After `deadline` seconds in the queue it ends with `DeadlineExceeded`. Raises an `EngineBusy` when the engine
        takes no work any more.
        """
        with self._changed:
            self._ensure_working()
            self._numbers += 1
            ticket = Ticket(units, priority, self._numbers, notify)
            if deadline is not None:
                late = DeadlineExceeded(f"not begun within {deadline:g} s, as the request asked", self._estimate())
                ticket.start_clock(deadline, partial(self._leave_queue, ticket, late))
            insort(self._waiting, ticket, key=lambda other: other.rank)
            self._tell_positions()
            self._changed.notify_all()
        return ticket

    def withdraw(self, ticket: Ticket[Any], because: Exception | None = None) -> None:
        """End a request: at once while it waits, at its next step while it runs; nothing happens to a finished one."""
        with self._changed:
            ticket.withdrawn = because or EditCancelled("the request was withdrawn")
            self._leave_queue(ticket, ticket.withdrawn)

    def stop(self, grace: float) -> None:
        """Take no more work, refuse what waits, give what has begun `grace` seconds to finish, then cancel it."""
        with self._changed:
            self._stopping.set()
            self._enter(State.STOPPING)
            for ticket in [ticket for ticket in self._waiting if not ticket.done]:
                self._leave_queue(ticket, _stopping())
            if not self._changed.wait_for(lambda: not self._begun_or_waiting(), timeout=grace):
                for ticket in self._begun_or_waiting():
                    self.withdraw(ticket, _stopping())
                self._changed.wait_for(lambda: not self._begun_or_waiting(), timeout=CANCELLING)

    def _ensure_working(self) -> Serving:
        """What is served; raises an `EngineBusy` when nothing is, or not any more."""
        if self.state is State.STOPPING:
            raise _stopping()
        if self.state is State.FAILED:
            raise self._failed()
        if self.state is State.LOADING or self.serving is None:
            raise EngineLoading("the engine is being loaded: ask again soon", self._estimate())
        return self.serving

    def _failed(self) -> EngineFailed:
        return EngineFailed(f"the engine has failed: {self.error}", LONGEST_PAUSE)

    def _estimate(self) -> float:
        """Seconds until what waits and runs now will be done, as far as recent work tells."""
        return self._pace.seconds(sum(ticket.left for ticket in self._begun_or_waiting()))

    def _begun_or_waiting(self) -> list[Ticket[Any]]:
        return [*self._waiting, *([self._running] if self._running else [])]

    def _enter(self, state: State) -> None:
        """Change the state, unless the server is stopping, which is final."""
        if self.state not in {state, State.STOPPING}:
            self.state = state
            self._watch(state)

    def _tell_positions(self) -> None:
        for index, ticket in enumerate(self._waiting):
            ticket.tell_position(index + self.running)

    def _leave_queue(self, ticket: Ticket[Any], error: Exception) -> None:
        with self._changed:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._end(ticket, error)
                self._tell_positions()

    def _end(self, ticket: Ticket[Any], error: Exception | None) -> None:
        with self._changed:
            ticket.close()
            if ticket is self._running:
                self._running = None
            self._changed.notify_all()
        ticket.notify(Ended(error))

    def _new_thread(self, pause: float) -> None:
        threading.Thread(target=self._live, args=(pause,), name="device", daemon=True).start()

    def _live(self, pause: float) -> None:
        """Life of one device thread: it ends when the server stops or the engine crashes."""
        fault = self._serve(pause)
        if fault is None:
            return
        gc.collect()  # the frames that held the old engine are gone: its memory is free before a new one is loaded
        with self._changed:
            self._crashes += 1
            self.error = fault
            if self.hopeless or self._crashes >= ATTEMPTS:
                self.error += "; correct that, then restart the server"
                self._enter(State.FAILED)
                for ticket in self._waiting.copy():
                    self._leave_queue(ticket, self._failed())
                return
            self._enter(State.LOADING)
        self._new_thread(min(LONGEST_PAUSE, self._pause * 2 ** (self._crashes - 1)))

    def _serve(self, pause: float) -> str | None:
        """Load the engine and work; gives what broke it, as words only, or None when the server stops."""
        if self._stopping.wait(pause):
            return None
        try:
            engine = self._load()
            self.serving = Serving(engine.identity, engine.traits, engine.vision is not None)
            with self._changed:
                self._enter(State.READY)
            while (ticket := self._next()) is not None:
                self._carry_out(engine, ticket)
        except BaseException as fault:  # noqa: BLE001  the outermost edge of this thread
            logger.error("the engine broke down\n%s", traceback.format_exc())  # as text: see without_frames
            misset = self.serving is None and isinstance(fault, (RequestError, SettingsError))
            self.hopeless = misset or isinstance(fault, DeviceLostError)
            return f"{type(fault).__name__}: {fault}"
        return None

    def _next(self) -> Ticket[Any] | None:
        """The request whose turn it is, waiting for one; None when the server stops and nothing begun is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.state is State.STOPPING)
            if not self._waiting:
                return None
            ticket = self._waiting.pop(0)
            self._running = ticket
            ticket.stop_clock()
            self._tell_positions()
            return ticket

    def _carry_out(self, engine: Engine, ticket: Ticket[Any]) -> None:
        """One unit of the request. Raises what breaks the engine, after the request was told."""
        begun = time.perf_counter()
        try:
            result = ticket.units[ticket.done](engine, ticket.report)
        except EditCancelled as cancelled:
            self._end(ticket, ticket.withdrawn or cancelled)
        except DeviceLostError as lost:
            self._end(ticket, EngineError(str(lost)))
            raise
        except EditFlowError as error:
            if isinstance(error, EngineError):
                logger.warning("the engine failed\n%s", traceback.format_exc())
            self._end(ticket, without_frames(error))
        except BaseException as fault:
            broken = f"the engine broke down ({type(fault).__name__}: {fault}) and is being restarted"
            self._end(ticket, EngineError(f"{broken}: send the request again"))
            raise
        else:
            self._hand_over(ticket, Done(ticket.done, result, time.perf_counter() - begun))

    def _hand_over(self, ticket: Ticket[Any], done: Done[Any]) -> None:
        """Give the result to who asked; what is left of the request goes back to its place in the queue."""
        ticket.notify(done)
        with self._changed:
            self._pace.add(done.seconds)
            self._crashes, self.error = 0, None
            ticket.done += 1
            if not ticket.left or ticket.withdrawn is not None:
                self._end(ticket, ticket.withdrawn if ticket.left else None)
                return
            self._running = None
            insort(self._waiting, ticket, key=lambda other: other.rank)


def _stopping() -> ShuttingDown:
    return ShuttingDown("the server is shutting down: ask another one, or again later", COME_BACK)
