"""Samples and published results folded into the figures of a window."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from statistics import fmean

from pydantic import ConfigDict, Field, field_validator

from tasks.domain.models import Frozen
from tasks.domain.monitor.health import DeviceHealth, HostHealth, Outcomes, Point, Spread
from tasks.domain.monitor.sample import INTERVAL, Device, Sample
from tasks.domain.results import Outcome

STEPS = 60
"""Steps of the course of a window."""


class Published(Frozen):
    """What the artifact of a result says of it; a version that says less leaves the outcome empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # it says more than is counted here

    outcome: Outcome | None = None
    failures: tuple[str, ...] = ()
    seconds: float = Field(default=0, ge=0)
    engine_seconds: float = Field(default=0, ge=0)
    reused: bool = False
    kept_from: str = ""

    @field_validator("failures", mode="before")
    @classmethod
    def _listed(cls, failures: object) -> object:
        return [one for one in failures.split(", ") if one] if isinstance(failures, str) else failures


def hosts_of(samples: Iterable[Sample], since: datetime, until: datetime) -> tuple[HostHealth, ...]:
    """The machines that samples of a window tell of, by name."""
    by_host: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_host[sample.host].append(sample)
    return tuple(
        _host(host, sorted(by_host[host], key=lambda sample: sample.at), since, until) for host in sorted(by_host)
    )


def outcomes_of(results: Iterable[Published]) -> Outcomes:
    """What became of results. What was done before costs nothing now: its seconds are left out."""
    ends: Counter[Outcome | None] = Counter()
    rejected_by: Counter[str] = Counter()
    reused = accepted_now = 0
    seconds = engine_seconds = 0.0
    for result in results:
        ends[result.outcome] += 1
        if result.outcome is None:
            continue
        if result.outcome is Outcome.REJECTED:
            rejected_by.update(set(result.failures))
        if result.reused or result.kept_from:
            reused += 1
            continue
        seconds += result.seconds
        engine_seconds += result.engine_seconds
        accepted_now += result.outcome is Outcome.ACCEPTED
    return Outcomes(
        accepted=ends[Outcome.ACCEPTED],
        rejected=ends[Outcome.REJECTED],
        pending=ends.total() - ends[Outcome.ACCEPTED] - ends[Outcome.REJECTED] - ends[None],
        reused=reused,
        untold=ends[None],
        rejected_by=dict(rejected_by.most_common()),
        seconds=round(seconds, 3),
        engine_seconds=round(engine_seconds, 3),
        accepted_now=accepted_now,
    )


def _host(host: str, samples: Sequence[Sample], since: datetime, until: datetime) -> HostHealth:
    last, ticks = samples[-1], (until - since).total_seconds() / INTERVAL
    return HostHealth(
        host=host,
        last=last.at,
        heard=min(1.0, len({int((sample.at - since).total_seconds() / INTERVAL) for sample in samples}) / ticks),
        uptime=last.uptime,
        cpu=_spread([sample.cpu for sample in samples]),
        memory_used=_spread([sample.memory_used for sample in samples]),
        memory_total=last.memory_total,
        gpus=tuple(_devices(samples)),
        gpus_now=len(last.gpus),
        course=tuple(_course(samples, since, until)),
    )


def _devices(samples: Sequence[Sample]) -> Iterable[DeviceHealth]:
    by_index: defaultdict[int, list[Device]] = defaultdict(list)
    for sample in samples:
        for device in sample.gpus:
            by_index[device.index].append(device)
    for index, states in sorted(by_index.items()):
        yield DeviceHealth(
            index=index,
            name=states[-1].name,
            load=_told(states, lambda state: state.load),
            memory_used=_told(states, lambda state: state.memory_used),
            memory_total=states[-1].memory_total,
            temperature=_told(states, lambda state: state.temperature),
            power=_told(states, lambda state: state.power),
        )


def _told(states: Sequence[Device], measure: Callable[[Device], float | None]) -> Spread | None:
    values = [value for state in states if (value := measure(state)) is not None]
    return _spread(values) if values else None


def _spread(values: Sequence[float]) -> Spread:
    return Spread(current=values[-1], average=fmean(values), maximum=max(values))


def _course(samples: Sequence[Sample], since: datetime, until: datetime) -> Iterable[Point]:
    window = until - since
    by_step: defaultdict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_step[int(STEPS * ((sample.at - since) / window))].append(sample)
    for number, those in sorted(by_step.items()):
        devices = [device for sample in those for device in sample.gpus]
        yield Point(
            at=since + number * window / STEPS,
            cpu=fmean(sample.cpu for sample in those),
            memory=fmean(sample.memory_used / sample.memory_total for sample in those),
            gpu=_mean(device.load for device in devices),
            gpu_memory=_mean(
                device.memory_used / device.memory_total
                for device in devices
                if device.memory_used is not None and device.memory_total
            ),
        )


def _mean(values: Iterable[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return fmean(told) if told else None
