"""The figures of the newest stored report as Prometheus reads them.

They come from the store, so they are there after a restart; the store is read in a thread of its own at most once a
minute, in no request's way, and what cannot be read is left out until it can.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tasks.domain.errors import EditFlowError
from tasks.domain.monitor.health import Health, Spread
from tasks.settings import monitor_folder
from tasks.storage.monitor import newest_report

OFTEN = 60.0
"""Seconds between two looks into the store, at least."""

logger = logging.getLogger(__name__)

Labelled = Iterable[tuple[tuple[str, ...], float | None]]


class Figure(NamedTuple):
    """One gauge: what it means, its labels, and its values in a report."""

    about: str
    labels: tuple[str, ...]
    values: Callable[[Health], Labelled]


def _one(value: Callable[[Health], float | None]) -> Callable[[Health], Labelled]:
    return lambda health: [((), value(health))]


def _spread(labels: tuple[str, ...], spread: Spread | None) -> Iterator[tuple[tuple[str, ...], float]]:
    for kind, value in spread or ():
        yield (*labels, kind), value


def _hosts(measure: str) -> Callable[[Health], Labelled]:
    return lambda health: (one for host in health.hosts for one in _spread((host.host,), getattr(host, measure)))


def _devices(measure: str) -> Callable[[Health], Labelled]:
    return lambda health: (
        one
        for host in health.hosts
        for gpu in host.gpus
        for one in _spread((host.host, str(gpu.index)), getattr(gpu, measure))
    )


FIGURES: Mapping[str, Figure] = {
    "timestamp_seconds": Figure("When the report was made, Unix time.", (), _one(lambda h: h.until.timestamp())),
    "window_seconds": Figure("Length of what it is about.", (), _one(lambda h: h.seconds)),
    "requests": Figure("Edits that ended in the window.", (), _one(lambda h: h.runs.requests)),
    "requests_ever": Figure("Edits the Prefect server remembers.", (), _one(lambda h: h.runs.ever)),
    "runs": Figure(
        "Edits by how they ended in the window.",
        ("state",),
        lambda h: [((state,), getattr(h.runs, state)) for state in ("completed", "failed", "crashed", "cancelled")],
    ),
    "error_ratio": Figure("Share of edits that ended by an error.", (), _one(lambda h: h.runs.error_rate)),
    "queue_depth": Figure("Edits that are due and not begun.", (), _one(lambda h: h.runs.waiting)),
    "queue_age_seconds": Figure("For how long the oldest of them is due.", (), _one(lambda h: h.runs.waiting_seconds)),
    "running": Figure("Edits at work.", (), _one(lambda h: h.runs.running)),
    "accept_ratio": Figure("Share of results that passed.", (), _one(lambda h: h.outcomes.accept_rate)),
    "results": Figure(
        "Results by what was decided in the window.",
        ("outcome",),
        lambda h: [((outcome,), getattr(h.outcomes, outcome)) for outcome in ("accepted", "rejected", "pending")],
    ),
    "rejected": Figure(
        "Rejected results by what was wrong.",
        ("failure",),
        lambda h: [((failure,), count) for failure, count in h.outcomes.rejected_by.items()],
    ),
    "cache_hit_ratio": Figure("Share of results done before.", (), _one(lambda h: h.outcomes.hit_rate)),
    "seconds_per_accepted": Figure(
        "Seconds one accepted picture took, those of rejected ones included.",
        (),
        _one(lambda h: h.outcomes.seconds_per_accepted),
    ),
    "engine_seconds_per_accepted": Figure(
        "Device seconds one accepted picture took, those of rejected ones included.",
        (),
        _one(lambda h: h.outcomes.engine_seconds_per_accepted),
    ),
    "gpus": Figure("GPUs of all machines heard of.", (), _one(lambda h: h.gpus)),
    "host_heard_ratio": Figure(
        "Share of the window in which a machine was heard of.",
        ("host",),
        lambda h: [((host.host,), host.heard) for host in h.hosts],
    ),
    "host_cpu_ratio": Figure("Processor time in use.", ("host", "kind"), _hosts("cpu")),
    "host_memory_used_bytes": Figure("Memory in use.", ("host", "kind"), _hosts("memory_used")),
    "device_load_ratio": Figure("Load of a GPU.", ("host", "gpu", "kind"), _devices("load")),
    "device_memory_used_bytes": Figure("Memory of a GPU in use.", ("host", "gpu", "kind"), _devices("memory_used")),
    "device_temperature_celsius": Figure("Temperature.", ("host", "gpu", "kind"), _devices("temperature")),
    "device_power_watts": Figure("Power of a GPU.", ("host", "gpu", "kind"), _devices("power")),
}
"""Every gauge, its name after edit_flows_health_; `kind` is current, average or maximum; what is unknown is absent."""


class HealthGauges(Collector):
    """The gauges of the newest report below `monitor`; without it below the EDIT_FLOWS_MONITOR setting."""

    def __init__(self, monitor: str | None = None) -> None:
        self._monitor = monitor
        self._newest: Health | None = None
        self._looked = -OFTEN
        self._looking = threading.Lock()

    def collect(self) -> Iterable[Metric]:
        """The gauges as last read; when that is a while ago, a look into the store is begun."""
        if time.monotonic() - self._looked >= OFTEN and self._looking.acquire(blocking=False):
            self._looked = time.monotonic()
            threading.Thread(target=self._look, name="newest report", daemon=True).start()
        health = self._newest
        if health is None:
            return
        for name, figure in FIGURES.items():
            gauge = GaugeMetricFamily(f"edit_flows_health_{name}", figure.about, labels=figure.labels)
            for labels, value in figure.values(health):
                if value is not None:
                    gauge.add_metric(labels, value)
            if gauge.samples:
                yield gauge

    def _look(self) -> None:
        try:
            self._newest = newest_report(self._monitor or monitor_folder(), datetime.now(UTC))
        except EditFlowError as unreadable:
            logger.warning("the newest report cannot be read: %s", unreadable)
        finally:
            self._looking.release()
