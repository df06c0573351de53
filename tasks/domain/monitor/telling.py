"""Health in words: the rows of a table, for the Prefect UI and the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.domain.models import Frozen
from tasks.domain.monitor.health import DeviceHealth, Health, HostHealth, Spread

UNKNOWN = "-"
GIBIBYTE = 2**30


class Row(Frozen):
    """One line; a figure that has no course has no average and maximum."""

    what: str
    now: str
    average: str = ""
    maximum: str = ""


def rows(health: Health) -> list[Row]:
    """The table of a report: the work first, then each machine."""
    return [*_work(health), *(row for host in health.hosts for row in _host(host))]


def headline(health: Health) -> str:
    """The window and what matters most, on one line."""
    runs, told = health.runs, health.outcomes
    window = f"{health.since:%Y-%m-%d %H:%M} to {health.until:%H:%M} UTC"
    return (
        f"edits {runs.requests}, errors {_share(runs.error_rate)}, passed {_share(told.accept_rate)}, "
        f"waiting {runs.waiting}, machines {len(health.hosts)}, GPUs {health.gpus}; {window}"
    )


def _work(health: Health) -> Iterator[Row]:
    runs, told = health.runs, health.outcomes
    yield Row(what="edits ended", now=str(runs.requests))
    yield Row(what="failed, crashed, cancelled", now=f"{runs.failed}, {runs.crashed}, {runs.cancelled}")
    yield Row(what="edits ever", now=str(runs.ever))
    yield Row(what="error rate", now=_share(runs.error_rate))
    waiting = f", the oldest for {runs.waiting_seconds:.0f} s" if runs.waiting_seconds is not None else ""
    yield Row(what="queue", now=f"{runs.waiting} waiting{waiting}; {runs.running} at work")
    passed = f"{told.accepted} of {told.accepted + told.rejected}, {told.pending} wait for a person"
    yield Row(what="accept rate", now=f"{_share(told.accept_rate)} ({passed})")
    for failure, count in told.rejected_by.items():
        yield Row(what=f"rejected: {failure}", now=str(count))
    yield Row(what="seconds per accepted", now=_seconds(told.seconds_per_accepted))
    yield Row(what="engine seconds per accepted", now=_seconds(told.engine_seconds_per_accepted))
    yield Row(what="cache hit rate", now=_share(told.hit_rate))
    if told.untold:
        yield Row(what="results that do not say how they ended", now=str(told.untold))


def _host(host: HostHealth) -> Iterator[Row]:
    yield Row(what=f"{host.host}: up", now=f"{_duration(host.uptime)}; heard of {host.heard:.0%} of the time")
    yield _row(f"{host.host}: processor", host.cpu, 100, "%")
    of = f" of {host.memory_total / GIBIBYTE:.1f} GiB"
    yield _row(f"{host.host}: memory{of}", host.memory_used, 1 / GIBIBYTE, " GiB")
    for gpu in host.gpus:
        yield from _device(f"{host.host}: GPU {gpu.index} {gpu.name}", gpu)


def _device(name: str, gpu: DeviceHealth) -> Iterator[Row]:
    of = f" of {gpu.memory_total / GIBIBYTE:.1f} GiB" if gpu.memory_total else ""
    yield _row(f"{name}, load", gpu.load, 100, "%")
    yield _row(f"{name}, memory{of}", gpu.memory_used, 1 / GIBIBYTE, " GiB")
    yield _row(f"{name}, temperature", gpu.temperature, 1, " °C")
    yield _row(f"{name}, power", gpu.power, 1, " W")


def _row(what: str, spread: Spread | None, scale: float, unit: str) -> Row:
    if spread is None:
        return Row(what=what, now=UNKNOWN)
    digits = 1 if "GiB" in unit else 0
    now, average, maximum = (
        f"{value * scale:.{digits}f}{unit}" for value in (spread.current, spread.average, spread.maximum)
    )
    return Row(what=what, now=now, average=average, maximum=maximum)


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1%}"


def _seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _duration(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days} d {hours:02}:{minutes:02} h"
