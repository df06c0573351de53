"""What the NVIDIA driver tells of its devices: load, memory, temperature, power. Nothing where there is no driver."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TypeVar

from tasks.domain.monitor.sample import Device

T = TypeVar("T")


def own() -> Device | None:
    """State of the device this process uses, the first that CUDA_VISIBLE_DEVICES names; None without one."""
    nvml = _nvml()
    handle = _ask(nvml, lambda: _handle(nvml)) if nvml else None
    return _device(nvml, handle) if nvml and handle is not None else None


def every() -> tuple[Device, ...]:
    """State of all devices of this machine, by their number; none where there is no driver."""
    nvml = _nvml()
    if nvml is None:
        return ()
    handles = [
        _ask(nvml, lambda index=index: nvml.nvmlDeviceGetHandleByIndex(index))  # type: ignore[misc]
        for index in range(_ask(nvml, nvml.nvmlDeviceGetCount) or 0)
    ]
    return tuple(_device(nvml, handle) for handle in handles if handle is not None)


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


def _device(nvml: ModuleType, handle: object) -> Device:
    return Device(
        index=_ask(nvml, lambda: int(nvml.nvmlDeviceGetIndex(handle))) or 0,
        name=_ask(nvml, lambda: str(nvml.nvmlDeviceGetName(handle))) or "unknown",
        memory_used=_ask(nvml, lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).used)),
        memory_total=_ask(nvml, lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).total)),
        load=_ask(nvml, lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)),
        temperature=_ask(nvml, lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))),
        power=_ask(nvml, lambda: float(nvml.nvmlDeviceGetPowerUsage(handle) / 1000)),  # it counts milliwatts
    )


def _ask(nvml: ModuleType, question: Callable[[], T]) -> T | None:
    """The answer, or None: parts of a device (MIG) have no load of their own, some devices no temperature."""
    try:
        return question()
    except nvml.NVMLError:
        return None
