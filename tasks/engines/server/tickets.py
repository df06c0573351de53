"""A request in the queue: what is to be done, and how whoever asked is told about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tasks.domain.errors import EditCancelled
from tasks.engines.protocol import Engine, Report

T = TypeVar("T")
Unit = Callable[[Engine, Report], T]
"""One piece of work that is done without a break, such as one picture; the result may be anything."""


@dataclass(frozen=True)
class Queued:
    """The request waits; `position` requests, the running one included, are done before it."""

    position: int


@dataclass(frozen=True)
class Progress:
    """Step `step` of `total` of unit `index` is done."""

    step: int
    total: int
    index: int


@dataclass(frozen=True)
class Done(Generic[T]):
    """Unit `index` is done: its result and the seconds the device took."""

    index: int
    result: T
    seconds: float


@dataclass(frozen=True)
class Ended:
    """Nothing follows. `error` is why not everything was done; None when it was."""

    error: Exception | None


Event = Queued | Progress | Done[T] | Ended
Notify = Callable[[Event[T]], None]
"""Told of every event in order, from any thread; must return at once."""


class Ticket(Generic[T]):
    """One request: its units are done in order; between them a request of higher priority may go first."""

    def __init__(self, units: Sequence[Unit[T]], priority: int, number: int, notify: Notify[T]) -> None:
        self.units: Sequence[Unit[T]] = units
        self.notify = notify
        self.rank = (-priority, number)
        """Lower goes first: higher priority, then first come."""
        self.done = 0
        """How many units are done."""
        self.position: int | None = None
        self.withdrawn: Exception | None = None
        """Why the rest is no longer wanted; ends the running unit at its next step."""
        self._clock: threading.Timer | None = None

    @property
    def left(self) -> int:
        """How many units are not done yet."""
        return len(self.units) - self.done

    def start_clock(self, seconds: float, late: Callable[[], None]) -> None:
        """Have `late` called after that time, unless the clock is stopped before."""
        self._clock = threading.Timer(seconds, late)
        self._clock.daemon = True
        self._clock.start()

    def stop_clock(self) -> None:
        """The wait is over: nothing is late any more."""
        if self._clock is not None:
            self._clock.cancel()

    def close(self) -> None:
        """Nothing more is done: let go of what the units hold, pictures above all."""
        self.stop_clock()
        self.units = ()

    def tell_position(self, position: int) -> None:
        """Notify of the place in the queue when it is another than before."""
        if position != self.position:
            self.position = position
            self.notify(Queued(position))

    def report(self, step: int, total: int) -> None:
        """Notify of a step; raises `EditCancelled` when the request was withdrawn."""
        if self.withdrawn is not None:
            raise EditCancelled(str(self.withdrawn))
        self.notify(Progress(step, total, self.done))
