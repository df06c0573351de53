"""A stand-in for the NVIDIA library: the functions in use, as they answer on a machine of two GPUs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest

from tasks.machine import gpu

UUIDS = {"GPU-0": 0, "GPU-1": 1}


class NVMLError(Exception):
    """What the library raises."""


class Driver(ModuleType):
    """Two cards of 80 GiB; devices are their numbers. Set `loads`, `watts`, or replace what is to fail."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.loads: list[int | None] = [37, 50]
        self.watts = 250.0

    def nvmlInit(self) -> None:  # noqa: N802  the library's own names
        pass

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.loads)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index >= len(self.loads):
            raise NVMLError("Invalid Argument")
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:  # noqa: N802
        if uuid not in UUIDS:
            raise NVMLError("Not Found")
        return UUIDS[uuid]

    def nvmlDeviceGetIndex(self, handle: int) -> int:  # noqa: N802
        return handle

    def nvmlDeviceGetName(self, handle: int) -> str:  # noqa: N802
        return f"NVIDIA X{handle}"

    def nvmlDeviceGetMemoryInfo(self, _: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(used=3 << 30, total=80 << 30)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:  # noqa: N802
        if (load := self.loads[handle]) is None:
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=load)

    def nvmlDeviceGetTemperature(self, _: int, sensor: int) -> int:  # noqa: N802
        assert sensor == self.NVML_TEMPERATURE_GPU
        return 54

    def nvmlDeviceGetPowerUsage(self, _: int) -> int:  # noqa: N802
        return int(self.watts * 1000)


def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """The stand-in in the library's place, until the test ends."""
    driver = Driver()
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpu._nvml.cache_clear()
    yield driver
    gpu._nvml.cache_clear()
