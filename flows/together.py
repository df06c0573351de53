"""A few pieces of work at a time, however many there are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_stopped: ContextVar[threading.Event | None] = ContextVar("stopped", default=None)
"""Set when whoever started the work of this thread is being stopped."""


class Stopped(BaseException):
    """Whoever wanted this piece of work is being stopped. No `Exception`, so that nothing takes it for a failure."""


def together(items: Iterable[T], work: Callable[[T], R], at_once: int) -> Generator[R]:
    """What `work` made of each item, as it ends, `at_once` at a time; an item is taken only when there is room for it.

    An exception of `work` ends everything. When the caller is stopped (a signal, an exception, a generator closed),
    what waits in `pause` raises `Stopped`, what does not is waited for, and nothing further is begun.
    """
    waiting, stop = iter(items), threading.Event()
    context = copy_context()  # of the flow run, so that runs begun in threads are its children
    context.run(_stopped.set, stop)
    with ThreadPoolExecutor(at_once, thread_name_prefix="together") as pool:

        def begin(item: T) -> Future[R]:
            return pool.submit(context.copy().run, work, item)

        running = {begin(item) for item in islice(waiting, at_once)}
        try:
            while running:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
                running |= {begin(item) for item in islice(waiting, len(ended))}
        finally:
            stop.set()


def pause(seconds: float) -> None:
    """Return after so many seconds; raises `Stopped` in the middle when this piece of work is no longer wanted."""
    stop = _stopped.get() or threading.Event()
    if stop.wait(seconds):
        raise Stopped
