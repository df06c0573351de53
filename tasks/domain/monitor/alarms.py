"""Limits of health, and which of them a report crosses. The limits are data: alarms.json beside this file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from tasks.domain.acceptance import Sense
from tasks.domain.models import Frozen
from tasks.domain.monitor.health import Health

ENOUGH = 5
"""Edits a share is told of, at least: one failure of one edit is no rate."""
SILENT = timedelta(seconds=120)
"""A machine that was not heard of for so long at the end of the window has no GPU now."""

_LIMITS = Path(__file__).with_name("alarms.json")


class Alarm(Frozen):
    """A limit that was crossed."""

    name: str = Field(description="Its event is edit-flows.alert.NAME.")
    value: float
    limit: float
    told: str = Field(description="In words.")


class Measure(NamedTuple):
    """What is held to a limit: its value in a report (None: it cannot be told), which side is right, and the words."""

    value: Callable[[Health], float | None]
    sense: Sense
    told: str


def _error_rate(health: Health) -> float | None:
    return health.runs.error_rate if health.runs.requests - health.runs.cancelled >= ENOUGH else None


def _accept_rate(health: Health) -> float | None:
    told = health.outcomes.accepted + health.outcomes.rejected
    return health.outcomes.accept_rate if told >= ENOUGH else None


def _gpus_now(health: Health) -> float | None:
    """GPUs at the end of the window; None where none was seen in it either."""
    now = sum(host.gpus_now for host in health.hosts if health.until - host.last < SILENT)
    return now if health.gpus else None


def _hottest(health: Health) -> float | None:
    degrees = [gpu.temperature.maximum for host in health.hosts for gpu in host.gpus if gpu.temperature]
    return max(degrees, default=None)


MEASURES: Mapping[str, Measure] = {
    "error-rate": Measure(_error_rate, Sense.AT_MOST, "{value:.0%} of edits ended by an error (limit {limit:.0%})"),
    "accept-rate": Measure(_accept_rate, Sense.AT_LEAST, "{value:.0%} of results passed (limit {limit:.0%})"),
    "queue-age": Measure(
        lambda health: health.runs.waiting_seconds,
        Sense.AT_MOST,
        "an edit has been waiting for {value:.0f} s (limit {limit:.0f})",
    ),
    "no-gpu": Measure(_gpus_now, Sense.AT_LEAST, "{value:.0f} GPUs are left of those seen (limit {limit:.0f})"),
    "gpu-temperature": Measure(_hottest, Sense.AT_MOST, "a GPU had {value:.0f} degrees Celsius (limit {limit:.0f})"),
}
"""The measures by name of the limit."""


@cache
def limits() -> Mapping[str, float]:
    """The limit of each measure, by name."""
    found: dict[str, float] = json.loads(_LIMITS.read_text(encoding="utf-8"))
    return found


def crossed(health: Health) -> tuple[Alarm, ...]:
    """The limits that a report crosses, in the order of the table."""
    alarms = []
    for name, measure in MEASURES.items():
        value, limit = measure.value(health), limits()[name]
        wrong = value is not None and (value > limit if measure.sense is Sense.AT_MOST else value < limit)
        if value is not None and wrong:
            told = measure.told.format(value=value, limit=limit)
            alarms.append(Alarm(name=name, value=round(value, 4), limit=limit, told=told))
    return tuple(alarms)
