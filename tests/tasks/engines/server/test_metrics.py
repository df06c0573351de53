import socket
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.tasks.engines.server.doubles import InvertingEngine
from tests.tasks.engines.server.serving import file_of, noise, serving


@pytest.fixture
def server():
    with serving(InvertingEngine) as running:
        yield running


def samples(server) -> dict[tuple[str, ...], float]:
    """Every sample by name and the values of its labels."""
    text = server.http.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_errors_pictures_and_phases_are_counted(server):
    server.edit(file_of(noise()), n=3)
    server.edit(file_of(noise()), "fail")
    server.edit(b"", stream=True)
    server.edit(file_of(noise()), "fail", stream=True)
    server.http.get("/v1/no/such/thing")
    server.http.request("BREW", "/v1/images/edits")
    seen = samples(server)
    assert seen["edit_flows_requests_total", "POST", "/v1/images/edits", "200"] == 2
    assert seen["edit_flows_requests_total", "POST", "/v1/images/edits", "400"] == 1
    assert seen["edit_flows_requests_total", "POST", "/v1/images/edits", "500"] == 1
    assert seen["edit_flows_requests_total", "GET", "other", "404"] == 1
    assert seen["edit_flows_requests_total", "other", "/v1/images/edits", "405"] == 1
    assert seen["edit_flows_errors_total", "engine_error"] == 2
    assert seen["edit_flows_errors_total", "invalid_image"] == 1
    assert seen["edit_flows_pictures_total",] == 3
    assert {phase: seen["edit_flows_phase_seconds_count", phase] for phase in ("decode", "edit", "encode")} == {
        "decode": 4,
        "edit": 3,
        "encode": 3,
    }
    assert seen["edit_flows_phase_seconds_count", "wait"] == 3
    assert seen["edit_flows_queue_waiting",] == seen["edit_flows_running",] == 0
    assert seen["edit_flows_queue_limit",] == 16
    assert seen["edit_flows_state", "ready"] == 1
    assert seen["process_resident_memory_bytes",] > 0
    health = server.http.get("/health").json()
    assert health["requests"] == {"total": 5, "errors": 3}


def test_two_servers_count_apart(server):
    server.edit(file_of(noise()))
    with serving(InvertingEngine) as other:
        assert samples(other)["edit_flows_pictures_total",] == 0


def test_health_describes_what_is_served(server):
    health = server.http.get("/health").json()
    assert (health["status"], health["vision"], health["error"]) == ("ready", False, None)
    assert health["engine"]["name"] == "inverting"
    assert health["traits"]["references"] == 2
    assert health["queue"] == {"waiting": 0, "running": 0, "limit": 16}
    assert health["uptime_seconds"] >= 0


def test_the_machine_and_every_device_of_it_are_told_of(server, driver):
    driver.watts = 312.5
    seen = samples(server)
    host = socket.gethostname()
    for gpu, load in (("0", 0.37), ("1", 0.5)):
        of_device = (f"NVIDIA X{gpu}", gpu, host)
        assert seen["edit_flows_device_load_ratio", *of_device] == load
        assert seen["edit_flows_device_memory_used_bytes", *of_device] == 3 << 30
        assert seen["edit_flows_device_memory_total_bytes", *of_device] == 80 << 30
        assert seen["edit_flows_device_temperature_celsius", *of_device] == 54
        assert seen["edit_flows_device_power_watts", *of_device] == 312.5
    assert 0 <= seen["edit_flows_host_cpu_ratio", host] <= 1
    assert 0 < seen["edit_flows_host_memory_used_bytes", host] < seen["edit_flows_host_memory_total_bytes", host]
    assert seen["edit_flows_host_uptime_seconds", host] > 0


@pytest.mark.usefixtures("driver")
def test_health_tells_of_the_device_in_use(server):
    assert server.http.get("/health").json()["device"] == {
        "name": "NVIDIA X0",
        "memory_used": 3 << 30,
        "memory_total": 80 << 30,
        "load": 0.37,
        "temperature": 54.0,
    }


def test_without_a_device_there_is_nothing_about_one_and_no_error(server, driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert server.http.get("/health").json()["device"] == {"name": "cpu"}
    assert not [name for name, *_ in samples(server) if name.startswith("edit_flows_device")]
