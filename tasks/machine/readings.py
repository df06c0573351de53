"""Samples of this machine. In a container, processor and memory are those of the machine around it."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime

import psutil

from tasks.domain.monitor.sample import Sample
from tasks.machine import gpu


class Machine:
    """The machine this runs on, sampled when asked; any thread may ask."""

    def __init__(self, host: str = "") -> None:
        self.host = host or socket.gethostname()
        """What it is called in its samples."""
        self._asking = threading.Lock()
        self._busy, self._time = _processor_seconds()
        self._share = self._busy / self._time  # until there is a sample to look back to

    def sample(self) -> Sample:
        """What it is doing now; processor time since the sample before."""
        memory = psutil.virtual_memory()
        return Sample(
            at=datetime.now(UTC),
            host=self.host,
            cpu=self._used(),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            uptime=max(0.0, time.time() - psutil.boot_time()),
            gpus=gpu.every(),
        )

    def _used(self) -> float:
        """Share of processor time in use. `psutil.cpu_percent` looks back to what the same thread asked last."""
        with self._asking:
            busy, whole = _processor_seconds()
            if whole - self._time >= 0.01:  # the system counts in hundredths
                self._share = min(1.0, max(0.0, (busy - self._busy) / (whole - self._time)))
                self._busy, self._time = busy, whole
            return self._share


def _processor_seconds() -> tuple[float, float]:
    """Seconds of all processors since the machine was started: at work, and in all."""
    times = psutil.cpu_times()._asdict()
    whole = sum(times.values()) - times.get("guest", 0) - times.get("guest_nice", 0)  # Linux counts guests twice
    return whole - times["idle"] - times.get("iowait", 0), whole
