from __future__ import annotations

import threading
import time
from contextlib import closing
from contextvars import ContextVar
from itertools import count

import pytest

from flows.together import Stopped, pause, together


def test_every_piece_of_work_is_done_and_never_more_at_a_time_than_said():
    at_work, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        pause(0.01)
        with lock:
            at_work -= 1
        return number**2

    assert sorted(together(range(20), work, 3)) == [number**2 for number in range(20)]
    assert most == 3


def test_items_are_taken_only_when_there_is_room_so_that_there_may_be_endlessly_many():
    taken = []

    def items():
        for number in count():
            taken.append(number)
            yield number

    with closing(together(items(), lambda number: number, 2)) as ended:
        for _ in range(5):
            next(ended)
    assert len(taken) <= 8


def test_work_sees_the_context_of_whoever_asks():
    whose: ContextVar[str] = ContextVar("whose", default="nobody's")
    whose.set("the flow's")
    assert list(together([1], lambda _: whose.get(), 1)) == ["the flow's"]


def test_an_exception_of_one_ends_all_and_what_pauses_is_stopped():
    stopped = threading.Event()

    def work(number: int) -> None:
        if number == 0:
            raise ValueError("this one")
        try:
            pause(30)
        except Stopped:
            stopped.set()
            raise

    begun = time.monotonic()
    with pytest.raises(ValueError, match="this one"):
        list(together([0, 1, 2], work, 2))
    assert stopped.is_set()
    assert time.monotonic() - begun < 10


def test_a_pause_outside_of_it_is_a_sleep():
    begun = time.monotonic()
    pause(0.05)
    assert time.monotonic() - begun >= 0.05
