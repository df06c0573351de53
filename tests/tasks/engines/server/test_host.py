import threading
import weakref
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from tasks.domain.errors import (
    DeviceLostError,
    DeviceMemoryError,
    EditCancelled,
    EngineError,
    SettingsError,
    UnsupportedInstruction,
)
from tasks.engines.protocol import Engine, Report
from tasks.engines.server.errors import DeadlineExceeded, EngineFailed, EngineLoading, QueueFull, ShuttingDown
from tasks.engines.server.host import ATTEMPTS, Host, State
from tasks.engines.server.tickets import Done, Ended, Progress, Queued, Ticket
from tests.tasks.engines.server.doubles import FAULTS, InvertingEngine
from tests.tasks.engines.server.serving import PATIENCE, eventually


class Caller:
    """Hears what becomes of one request."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.over = threading.Event()
        self.ticket: Ticket[Any] | None = None

    def __call__(self, event: Any) -> None:
        self.events.append(event)
        if isinstance(event, Ended):
            self.over.set()

    def result(self) -> Any:
        assert self.over.wait(PATIENCE)
        if self.events[-1].error is not None:
            raise self.events[-1].error
        return [event.result for event in self.events if isinstance(event, Done)]


class Door:
    """Work that halts until it is opened, and notes when it was begun."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self, _: Engine, report: Report) -> str:
        self.begun.set()
        while not self.open.wait(0.005):
            report(0, 1)
        return "through"


def ask(host: Host, *units: Any, **options: Any) -> Caller:
    caller = Caller()
    with host.room():
        caller.ticket = host.submit(units, caller, **options)
    return caller


def says(word: object):
    return lambda _engine, _report: word


def raises(error: BaseException):
    def work(_engine: Engine, _report: Report) -> None:
        raise error

    return work


def breaks(prompt: str):
    def work(_engine: Engine, _report: Report) -> None:
        fault = FAULTS[prompt]()
        raise fault

    return work


def up(host: Host, loaded: Sequence[object], times: int) -> bool:
    """True once the engine was loaded that many times and works."""
    return len(loaded) == times and host.state is State.READY


@pytest.fixture
def host():
    made = Host(InvertingEngine, limit=4, pause=0.01)
    made.start()
    eventually(lambda: made.state is State.READY)
    yield made
    made.stop(0)


@pytest.fixture
def busy(host):
    """A host at work until the door is opened."""
    door = Door()
    caller = ask(host, door)
    assert door.begun.wait(PATIENCE)
    return host, door, caller


def test_higher_priority_goes_first_then_first_come(busy):
    host, door, _ = busy
    order: list[str] = []
    callers = [
        ask(host, lambda _e, _r, name=name: order.append(name), priority=priority)
        for name, priority in [("a", 1), ("b", 0), ("c", 9), ("d", 1)]
    ]
    door.open.set()
    for caller in callers:
        caller.result()
    assert order == ["c", "a", "d", "b"]


def test_callers_hear_their_place_whenever_it_changes(busy):
    host, door, _ = busy
    last, first = ask(host, says("last")), None
    first = ask(host, says("first"), priority=5)
    door.open.set()
    last.result()
    assert [event.position for event in last.events if isinstance(event, Queued)] == [1, 2, 1]
    assert first.events[0] == Queued(1)


def test_units_of_one_request_come_in_order_and_let_more_urgent_requests_in_between(busy):
    host, door, _ = busy
    order: list[object] = []
    inner = Door()

    def note(word: str) -> Any:
        return lambda _engine, _report: order.append(word)

    several = ask(host, note("1 of 3"), inner, note("3 of 3"))
    later = ask(host, note("later"))
    door.open.set()
    assert inner.begun.wait(PATIENCE)
    urgent = ask(host, note("urgent"), priority=9)
    inner.open.set()
    for caller in (several, urgent, later):
        caller.result()
    assert order == ["1 of 3", "urgent", "3 of 3", "later"]
    assert [event.index for event in several.events if isinstance(event, Done)] == [0, 1, 2]


def test_a_full_queue_says_when_to_come_again(busy):
    host, _, _ = busy
    for _ in range(4):
        ask(host, says(1))
    with pytest.raises(QueueFull, match="4 requests are waiting") as full:
        ask(host, says(1))
    assert full.value.retry_after >= 5 * 5  # nothing was timed yet: a guess for each of the five


def test_a_place_kept_free_for_a_request_counts(busy):
    host, _, _ = busy
    for _ in range(3):
        ask(host, says(1))
    with host.room(), pytest.raises(QueueFull):
        host.ensure_room()
    host.ensure_room()


def test_a_request_that_waited_too_long_is_told_so_while_another_still_runs(busy):
    host, door, _ = busy
    caller = ask(host, says(1), deadline=0.05)
    with pytest.raises(DeadlineExceeded, match=r"not begun within 0\.05 s"):
        caller.result()
    assert host.waiting == 0
    door.open.set()


def test_a_deadline_is_for_waiting_not_for_working(host):
    door = Door()
    caller = ask(host, door, deadline=0.1)
    assert door.begun.wait(PATIENCE)
    assert not caller.over.wait(0.2)
    door.open.set()
    assert caller.result() == ["through"]


def test_withdrawing_ends_a_waiting_request_at_once_and_a_running_one_at_its_next_step(busy):
    host, door, running = busy
    waiting = ask(host, says(1))
    host.withdraw(waiting.ticket)
    with pytest.raises(EditCancelled):
        waiting.result()
    assert not running.over.is_set()
    host.withdraw(running.ticket)
    with pytest.raises(EditCancelled):
        running.result()
    assert not door.open.is_set()
    assert ask(host, says("usable")).result() == ["usable"]


def test_withdrawing_a_finished_request_changes_nothing(host):
    caller = ask(host, says(1))
    caller.result()
    heard = len(caller.events)
    host.withdraw(caller.ticket)
    assert len(caller.events) == heard


def test_steps_are_told_as_they_happen(host):
    def work(_engine, report):
        report(0, 2)
        report(1, 2)
        report(2, 2)

    caller = ask(host, work)
    caller.result()
    assert [event for event in caller.events if isinstance(event, Progress)] == [
        Progress(step, 2, 0) for step in range(3)
    ]


@pytest.mark.parametrize("error", [EngineError("x"), DeviceMemoryError("x"), UnsupportedInstruction("x")])
def test_errors_on_purpose_do_not_restart_the_engine(host, error):
    loaded = host.serving
    with pytest.raises(type(error)):
        ask(host, raises(error)).result()
    assert ask(host, says(1)).result() == [1]
    assert host.serving is loaded


def test_errors_are_handed_over_without_the_frames_that_hold_pictures(host):
    caller = ask(host, raises(EngineError("x")))
    assert caller.over.wait(PATIENCE)
    error = caller.events[-1].error
    assert error.__traceback__ is error.__cause__ is error.__context__ is None


@pytest.mark.parametrize("fault", [RuntimeError("CUDA error: device-side assert"), SystemExit(3), MemoryError()])
def test_a_crash_is_told_to_its_request_and_the_engine_is_loaded_afresh_for_those_that_wait(fault):
    engines: list[Engine] = []

    def load() -> Engine:
        engines.append(InvertingEngine())
        return engines[-1]

    host = Host(load, pause=0.01)
    host.start()
    eventually(lambda: host.state is State.READY)
    door = Door()
    ask(host, door)
    assert door.begun.wait(PATIENCE)
    crashing, waiting = ask(host, raises(fault)), ask(host, lambda engine, _: engine)
    door.open.set()
    with pytest.raises(EngineError, match=r"broke down.*restarted"):
        crashing.result()
    assert waiting.result() == [engines[1]]
    assert host.error is None
    host.stop(0)


def test_a_broken_engine_is_gone_before_a_fresh_one_is_loaded():
    loaded: list[weakref.ref[InvertingEngine]] = []

    def load() -> Engine:
        assert all(engine() is None for engine in loaded), "the weights would be in memory twice"
        engine = InvertingEngine()
        loaded.append(weakref.ref(engine))
        return engine

    host = Host(load, pause=0.01)
    host.start()
    eventually(lambda: host.state is State.READY)
    for prompt, then in [("crash", 2), ("fail", 2), ("crash", 3)]:
        with pytest.raises(EngineError):
            ask(host, breaks(prompt)).result()
        eventually(partial(up, host, loaded, then))
    host.stop(0)


def test_while_it_is_loaded_again_new_requests_are_told_to_come_back_and_health_knows_why():
    go, loads = threading.Event(), []

    def load() -> Engine:
        loads.append(1)
        assert len(loads) == 1 or go.wait(PATIENCE)
        return InvertingEngine()

    host = Host(load, pause=0.01)
    host.start()
    eventually(lambda: host.state is State.READY)
    with pytest.raises(EngineError):
        ask(host, raises(RuntimeError("boom"))).result()
    eventually(lambda: len(loads) == 2)
    with pytest.raises(EngineLoading):
        host.ensure_room()
    assert host.error == "RuntimeError: boom"
    go.set()
    eventually(lambda: host.state is State.READY)
    host.stop(0)


def test_an_engine_that_keeps_crashing_is_given_up_and_those_that_wait_are_told():
    loads: list[int] = []

    def load() -> Engine:
        loads.append(1)
        if len(loads) > 1:
            raise RuntimeError("no such device")
        return InvertingEngine()

    states: list[State] = []
    host = Host(load, pause=0.001, watch=states.append)
    host.start()
    eventually(lambda: host.state is State.READY)
    door = Door()
    ask(host, door)
    assert door.begun.wait(PATIENCE)
    crashing, waiting = ask(host, raises(RuntimeError("boom"))), ask(host, says(1))
    door.open.set()
    with pytest.raises(EngineError):
        crashing.result()
    with pytest.raises(EngineFailed, match=r"no such device.*restart the server"):
        waiting.result()
    assert len(loads) == ATTEMPTS
    assert states == [State.READY, State.LOADING, State.FAILED]
    with pytest.raises(EngineFailed):
        host.ensure_room()
    host.stop(0)


def test_work_that_is_done_makes_good_for_earlier_crashes():
    loads = []

    def load() -> Engine:
        loads.append(1)
        return InvertingEngine()

    host = Host(load, pause=0.001)
    host.start()
    for times in range(1, ATTEMPTS + 3):
        eventually(partial(up, host, loads, times))
        ask(host, says(1)).result()
        with pytest.raises(EngineError):
            ask(host, raises(RuntimeError("boom"))).result()
    host.stop(0)


def test_a_lost_device_ends_the_host_for_only_another_process_can_use_it_again():
    loads: list[int] = []

    def load() -> Engine:
        loads.append(1)
        return InvertingEngine()

    host = Host(load, pause=0.001)
    host.start()
    eventually(lambda: host.state is State.READY)
    door = Door()
    ask(host, door)
    assert door.begun.wait(PATIENCE)
    running, waiting = ask(host, raises(DeviceLostError("cuda:0 failed"))), ask(host, says(1))
    door.open.set()
    with pytest.raises(EngineError, match="cuda:0 failed"):
        running.result()
    with pytest.raises(EngineFailed):
        waiting.result()
    eventually(lambda: host.state is State.FAILED)
    assert loads == [1]
    assert host.hopeless


def test_settings_that_are_wrong_are_not_tried_again():
    loads: list[int] = []

    def load() -> Engine:
        loads.append(1)
        raise SettingsError("EDIT_FLOWS_QWEN_MODEL='x'")

    host = Host(load, pause=0.001)
    host.start()
    eventually(lambda: host.state is State.FAILED)
    assert loads == [1]
    assert host.hopeless
    assert "EDIT_FLOWS_QWEN_MODEL" in str(host.error)


def test_stopping_finishes_what_runs_and_refuses_what_waits(busy):
    host, door, running = busy
    waiting = ask(host, says(1))
    stopping = threading.Thread(target=host.stop, args=(PATIENCE,))
    stopping.start()
    with pytest.raises(ShuttingDown):
        waiting.result()
    with pytest.raises(ShuttingDown):
        host.ensure_room()
    assert stopping.is_alive()
    door.open.set()
    assert running.result() == ["through"]
    stopping.join(PATIENCE)
    assert not stopping.is_alive()


def test_stopping_finishes_all_pictures_of_a_request_that_was_begun(host):
    door = Door()
    caller = ask(host, door, says("second"))
    assert door.begun.wait(PATIENCE)
    stopping = threading.Thread(target=host.stop, args=(PATIENCE,))
    stopping.start()
    eventually(lambda: host.state is State.STOPPING)
    door.open.set()
    assert caller.result() == ["through", "second"]
    stopping.join(PATIENCE)


def test_what_does_not_finish_in_its_time_of_grace_is_cancelled_and_told_why(busy):
    host, _, running = busy
    host.stop(0.05)
    with pytest.raises(ShuttingDown):
        running.result()


def test_a_finished_request_lets_go_of_its_pictures(host):
    picture = InvertingEngine()
    held = weakref.ref(picture)
    caller = ask(host, partial(lambda _held, _engine, _report: 1, picture))
    caller.result()
    del picture
    assert caller.ticket is not None
    eventually(lambda: held() is None)
