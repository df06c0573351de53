"""The machine as Prometheus reads it: the same gauges from the API and from the engine server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tasks.machine.readings import Machine

OF_HOST: Mapping[str, tuple[str, str]] = {
    "edit_flows_host_cpu_ratio": ("cpu", "Share of processor time in use since it was asked before, 0 to 1."),
    "edit_flows_host_memory_used_bytes": ("memory_used", "Memory of the machine that is not available to a program."),
    "edit_flows_host_memory_total_bytes": ("memory_total", "Memory of the machine."),
    "edit_flows_host_uptime_seconds": ("uptime", "Seconds since the machine was started."),
}
"""Gauges of a machine: the field of its `Sample`, and what it means."""

OF_DEVICE: Mapping[str, tuple[str, str]] = {
    "edit_flows_device_load_ratio": ("load", "Share of time the device worked, 0 to 1."),
    "edit_flows_device_memory_used_bytes": ("memory_used", "Memory of the device in use."),
    "edit_flows_device_memory_total_bytes": ("memory_total", "Memory of the device."),
    "edit_flows_device_temperature_celsius": ("temperature", "Temperature of the device."),
    "edit_flows_device_power_watts": ("power", "Power the device draws."),
}
"""Gauges of a GPU: the field of its `Device`, and what it means. What a driver does not tell is left out."""


class MachineGauges(Collector):
    """Processor, memory and every GPU of this machine at the moment of being asked, labelled with its name."""

    def __init__(self, machine: Machine | None = None) -> None:
        self._machine = machine or Machine()

    def collect(self) -> Iterable[Metric]:
        """The gauges with their values."""
        sample = self._machine.sample()
        for name, (field, about) in OF_HOST.items():
            gauge = GaugeMetricFamily(name, about, labels=["host"])
            gauge.add_metric([sample.host], getattr(sample, field))
            yield gauge
        for name, (field, about) in OF_DEVICE.items():
            gauge = GaugeMetricFamily(name, about, labels=["host", "gpu", "device"])
            for device in sample.gpus:
                if (value := getattr(device, field)) is not None:
                    gauge.add_metric([sample.host, str(device.index), device.name], value)
            if gauge.samples:
                yield gauge
