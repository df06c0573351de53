"""Samples and reports to test with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tasks.domain.monitor.fold import hosts_of
from tasks.domain.monitor.health import Health, Outcomes, Runs
from tasks.domain.monitor.sample import Device, Sample

MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sample(at: datetime, host: str = "render-1", *, cpu: float = 0.5, gpus: int = 0, load: float = 0.9) -> Sample:
    """One sample of a machine of 64 GiB with so many GPUs of 80 GiB."""
    return Sample(
        at=at,
        host=host,
        cpu=cpu,
        memory_used=16 << 30,
        memory_total=64 << 30,
        uptime=86400.0,
        gpus=tuple(
            Device(
                index=index,
                name="NVIDIA H100",
                memory_used=60 << 30,
                memory_total=80 << 30,
                load=load,
                temperature=60.0 + index,
                power=400.0,
            )
            for index in range(gpus)
        ),
    )


def every_ten_seconds(since: datetime, until: datetime, host: str = "render-1", gpus: int = 0) -> Iterator[Sample]:
    """Samples of a machine whose load rises from 0 to 1 over the window."""
    many = int((until - since).total_seconds() // 10)
    for number in range(many):
        at = since + timedelta(seconds=10 * number)
        yield sample(at, host, cpu=number / many, gpus=gpus, load=number / many)


def health(*samples: Sample, runs: Runs | None = None, outcomes: Outcomes | None = None) -> Health:
    """The report of the hour before midnight."""
    hosts = hosts_of(samples, MIDNIGHT - HOUR, MIDNIGHT)
    return Health(
        since=MIDNIGHT - HOUR, until=MIDNIGHT, hosts=hosts, runs=runs or Runs(), outcomes=outcomes or Outcomes()
    )
