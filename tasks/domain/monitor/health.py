"""How the machines and the work were in a window of time."""

from __future__ import annotations

from pydantic import AwareDatetime, ConfigDict, Field, computed_field

from tasks.domain.models import Frozen


class Told(Frozen):
    """Figures that are stored with what follows from them, for readers without this program."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # stored figures also hold the computed ones


class Spread(Frozen):
    """One measure over a window."""

    current: float = Field(description="At the last sample.")
    average: float
    maximum: float


class DeviceHealth(Frozen):
    """One GPU over a window; None where its driver told nothing."""

    index: int
    name: str
    load: Spread | None = Field(description="Share of time in which it worked, 0..1.")
    memory_used: Spread | None = Field(description="Bytes.")
    memory_total: int | None = Field(description="Bytes.")
    temperature: Spread | None = Field(description="Degrees Celsius.")
    power: Spread | None = Field(description="Watts.")


class Point(Frozen):
    """One step of the course of a window, averaged; of a machine with several GPUs over all of them."""

    at: AwareDatetime = Field(description="Where the step begins.")
    cpu: float = Field(description="0..1.")
    memory: float = Field(description="Share in use, 0..1.")
    gpu: float | None = Field(default=None, description="Load, 0..1; None without a GPU.")
    gpu_memory: float | None = Field(default=None, description="Share in use, 0..1; None without a GPU.")


class HostHealth(Frozen):
    """One machine over a window."""

    host: str
    last: AwareDatetime = Field(description="When it was last heard of.")
    heard: float = Field(ge=0, le=1, description="Share of the window in which it was heard of.")
    uptime: float = Field(description="Seconds since the machine was started, at its last sample.")
    cpu: Spread = Field(description="Share of processor time in use, 0..1.")
    memory_used: Spread = Field(description="Bytes.")
    memory_total: int = Field(description="Bytes.")
    gpus: tuple[DeviceHealth, ...] = Field(default=(), description="All that were seen in the window.")
    gpus_now: int = Field(default=0, description="How many there were at the last sample.")
    course: tuple[Point, ...] = Field(default=(), description="At most 60 steps.")


class Runs(Told):
    """Runs of edit-image as a Prefect server counts them."""

    completed: int = Field(default=0, description="Ended in the window, with a picture accepted or rejected.")
    failed: int = Field(default=0, description="Ended in the window with an error, their last start included.")
    crashed: int = Field(default=0, description="Ended in the window with their process.")
    cancelled: int = Field(default=0, description="Cancelled in the window.")
    running: int = Field(default=0, description="At work now.")
    waiting: int = Field(default=0, description="Due now and not begun.")
    waiting_seconds: float | None = Field(default=None, description="For how long the oldest of them is due.")
    ever: int = Field(default=0, description="All that the server remembers, in any state.")

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support decorators above @property
    @property
    def requests(self) -> int:
        """Those that ended in the window."""
        return self.completed + self.failed + self.crashed + self.cancelled

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def error_rate(self) -> float | None:
        """Share of those that ended by an error, 0..1, the cancelled left out; None when none ended."""
        ended = self.requests - self.cancelled
        return (self.failed + self.crashed) / ended if ended else None


class Outcomes(Told):
    """Results published in a window, and what they cost."""

    accepted: int = 0
    rejected: int = 0
    pending: int = Field(default=0, description="Waiting for a person.")
    reused: int = Field(default=0, description="How many of all had been done before, here or in the cache.")
    untold: int = Field(default=0, description="Published by a version that does not say how it ended.")
    rejected_by: dict[str, int] = Field(default_factory=dict, description="Rejected ones by failure class.")
    seconds: float = Field(default=0, description="From begin to end, of what was done now.")
    engine_seconds: float = Field(default=0, description="Of the device, of what was done now.")
    accepted_now: int = Field(default=0, description="Accepted without those done before.")

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def accept_rate(self) -> float | None:
        """Share of results that passed, of those decided, 0..1; None without any."""
        return self.accepted / told if (told := self.accepted + self.rejected) else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def hit_rate(self) -> float | None:
        """Share of results that had been done before, 0..1; None without results."""
        return self.reused / told if (told := self.accepted + self.rejected + self.pending) else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def seconds_per_accepted(self) -> float | None:
        """Seconds one picture accepted now took, those of rejected ones included; None without any."""
        return self.seconds / self.accepted_now if self.accepted_now else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def engine_seconds_per_accepted(self) -> float | None:
        """The same for seconds of the device."""
        return self.engine_seconds / self.accepted_now if self.accepted_now else None


class Health(Told):
    """A report, word for word as it is stored."""

    version: int = Field(default=1, description="Of this format.")
    since: AwareDatetime
    until: AwareDatetime
    hosts: tuple[HostHealth, ...] = Field(description="By name; those heard of in the window.")
    runs: Runs
    outcomes: Outcomes

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def seconds(self) -> float:
        """Length of the window."""
        return (self.until - self.since).total_seconds()

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def gpus(self) -> int:
        """GPUs of all machines together."""
        return sum(len(host.gpus) for host in self.hosts)
