"""What the NVIDIA driver tells of the device: load, memory, temperature. Nothing where there is no driver."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TypeVar

from tasks.domain.models import Frozen

T = TypeVar("T")


class Reading(Frozen):
    """State of one device; None where the driver does not tell."""

    name: str
    memory_used: int | None
    memory_total: int | None
    load: float | None
    """Share of the last moment in which it worked, 0..1."""
    temperature: float | None
    """Degrees Celsius."""


def reading() -> Reading | None:
    """State of the device this process uses, the first that CUDA_VISIBLE_DEVICES names; None without one."""
    nvml = _nvml()
    handle = _ask(nvml, lambda: _handle(nvml)) if nvml else None
    if nvml is None or handle is None:
        return None
    return Reading(
        name=_ask(nvml, lambda: str(nvml.nvmlDeviceGetName(handle))) or "unknown",
        memory_used=_ask(nvml, lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).used)),
        memory_total=_ask(nvml, lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).total)),
        load=_ask(nvml, lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)),
        temperature=_ask(nvml, lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))),
    )


@cache
def _nvml() -> ModuleType | None:
    """The library, connected to the driver; None when either is missing. Loaded when first asked for."""
    try:
        import pynvml  # type: ignore[import-untyped]  # noqa: PLC0415  only where a device is asked for
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _handle(nvml: ModuleType) -> object:
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip() or "0"
    if chosen.isdecimal():
        return nvml.nvmlDeviceGetHandleByIndex(int(chosen))
    return nvml.nvmlDeviceGetHandleByUUID(chosen)


def _ask(nvml: ModuleType, question: Callable[[], T]) -> T | None:
    """The answer, or None: parts of a device (MIG) have no load of their own, some devices no temperature."""
    try:
        return question()
    except nvml.NVMLError:
        return None
