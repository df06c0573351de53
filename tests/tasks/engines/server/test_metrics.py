import sys
from types import ModuleType, SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tasks.engines.server import gpu
from tests.tasks.engines.server.doubles import InvertingEngine
from tests.tasks.engines.server.serving import file_of, noise, serving


@pytest.fixture
def server():
    with serving(InvertingEngine) as running:
        yield running


@pytest.fixture(name="driver")
def nvidia_driver(monkeypatch):
    """The NVIDIA library as it answers on a machine with two devices, the second without a load of its own."""

    class NVMLError(Exception):
        pass

    def load(handle):
        if handle == "GPU-2":
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=37)

    nvml = ModuleType("pynvml")
    nvml.__dict__.update(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetName=lambda handle: f"NVIDIA X{handle}",
        nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(used=3 << 30, total=80 << 30),
        nvmlDeviceGetUtilizationRates=load,
        nvmlDeviceGetTemperature=lambda _handle, _sensor: 54,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpu._nvml.cache_clear()
    yield nvml
    gpu._nvml.cache_clear()


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


@pytest.mark.usefixtures("driver")
def test_the_device_is_told_of(server):
    seen = samples(server)
    assert seen["edit_flows_device_load_ratio", "NVIDIA X0"] == 0.37
    assert seen["edit_flows_device_memory_used_bytes", "NVIDIA X0"] == 3 << 30
    assert seen["edit_flows_device_memory_total_bytes", "NVIDIA X0"] == 80 << 30
    assert seen["edit_flows_device_temperature_celsius", "NVIDIA X0"] == 54
    device = server.http.get("/health").json()["device"]
    assert device == {
        "name": "NVIDIA X0",
        "memory_used": 3 << 30,
        "memory_total": 80 << 30,
        "load": 0.37,
        "temperature": 54.0,
    }


@pytest.mark.usefixtures("driver")
def test_what_a_device_does_not_tell_is_left_out(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-2,1")
    found = gpu.reading()
    assert found is not None
    assert (found.name, found.load, found.temperature) == ("NVIDIA XGPU-2", None, 54.0)


@pytest.mark.parametrize("broken", ["library", "driver", "device"])
def test_without_library_driver_or_device_there_are_no_readings_and_no_error(server, driver, monkeypatch, broken):
    def refuse(*_: object) -> None:
        raise driver.NVMLError("not there")

    if broken == "library":
        monkeypatch.setitem(sys.modules, "pynvml", None)
    else:
        monkeypatch.setattr(driver, "nvmlInit" if broken == "driver" else "nvmlDeviceGetHandleByIndex", refuse)
    assert gpu.reading() is None
    assert server.http.get("/health").json()["device"] == {"name": "cpu"}
    assert not [name for name, *_ in samples(server) if name.startswith("edit_flows_device")]
