"""What the API counts and measures, as Prometheus reads it at GET /metrics.

| metric | labels | |
|---|---|---|
| edit_flows_api_requests_total | method, route, status | answered requests |
| edit_flows_api_request_seconds | route | histogram: until the last byte of the answer |
| edit_flows_api_jobs | | edits waiting or at work in this API |
| edit_flows_host_..., edit_flows_device_... | host, gpu, device | this machine, see tasks/machine/gauges.py |
| edit_flows_health_... | host, gpu, ... | figures of the newest stored report, see deployments/api/figures.py |
| process_... | | this process |
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from deployments.api.figures import HealthGauges
from tasks.machine.gauges import MachineGauges

SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000)
"""Upper bounds: from a picture of a status to the longest edit somebody waits for."""


class ApiMetrics:
    """Counters of one API, in a registry of their own."""

    def __init__(self, monitor: str | None = None) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "edit_flows_api_requests", "Answered requests.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "edit_flows_api_request_seconds",
            "Seconds from a request to the last byte of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.jobs = Gauge("edit_flows_api_jobs", "Edits waiting or at work in this API.", registry=self.registry)
        """`metrics.jobs.set(2)`, or `inc` and `dec`."""
        self.registry.register(MachineGauges())
        self.registry.register(HealthGauges(monitor))
        ProcessCollector(registry=self.registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Remember one answered request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
