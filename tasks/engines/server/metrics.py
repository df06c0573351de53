"""What the server counts and measures, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tasks.engines.server.errors import CLIENT_LEFT
from tasks.engines.server.host import Host, State
from tasks.machine.gauges import MachineGauges

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500)
"""Upper bounds: from decoding a thumbnail to the longest edit."""


class Metrics:
    """Counters of one server, in a registry of their own."""

    def __init__(self, host: Host) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "edit_flows_requests", "Answered requests.", ["method", "route", "status"], registry=self.registry
        )
        self.errors = Counter("edit_flows_errors", "Errors told to clients.", ["code"], registry=self.registry)
        self.pictures = Counter("edit_flows_pictures", "Pictures made.", registry=self.registry)
        self.seconds = Histogram(
            "edit_flows_phase_seconds",
            "Seconds a picture spent in each phase: decode, wait, edit, encode.",
            ["phase"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.served = 0
        """Requests under /v1, for /health."""
        self.failed = 0
        """Those of them that were answered with an error."""
        self.registry.register(_Now(host))
        self.registry.register(MachineGauges())
        ProcessCollector(registry=self.registry)

    def count(self, method: str, route: str, status: int) -> None:
        """Remember one answered request."""
        self.requests.labels(method, route, str(status)).inc()
        if route.startswith("/v1"):
            self.served += 1
            self.failed += status >= 400 and status != CLIENT_LEFT


class _Now(Collector):
    """What is so at the moment of being asked: the engine and its queue."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def collect(self) -> Iterable[Metric]:
        host = self._host
        states = GaugeMetricFamily("edit_flows_state", "1 for what the engine is doing.", labels=["state"])
        for state in State:
            states.add_metric([state.value], float(host.state is state))
        yield states
        yield GaugeMetricFamily("edit_flows_queue_waiting", "Requests in the queue.", value=host.waiting)
        yield GaugeMetricFamily("edit_flows_queue_limit", "Requests that may wait.", value=host.limit)
        yield GaugeMetricFamily("edit_flows_running", "Requests the engine works on.", value=host.running)
