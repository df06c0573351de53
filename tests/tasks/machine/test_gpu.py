import sys

import pytest

from tasks.machine import gpu
from tests.nvml import NVMLError


def test_every_device_is_told_of_by_its_number(driver):
    first, second = gpu.every()
    assert (first.index, first.name, first.load, first.power) == (0, "NVIDIA X0", 0.37, 250.0)
    assert (second.index, second.name, second.load, second.temperature) == (1, "NVIDIA X1", 0.5, 54.0)
    assert second.memory_used == 3 << 30
    assert second.memory_total == 80 << 30


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(("visible", "name"), [("", "NVIDIA X0"), ("1,0", "NVIDIA X1"), ("GPU-1", "NVIDIA X1")])
def test_the_device_of_this_process_is_the_first_it_may_see(monkeypatch, visible, name):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = gpu.own()
    assert found is not None
    assert found.name == name


def test_what_a_device_does_not_tell_is_left_out(driver):
    driver.loads[1] = None
    assert [device.load for device in gpu.every()] == [0.37, None]


def test_a_device_that_fell_off_the_bus_hides_no_other(driver, monkeypatch):
    def reach(index):
        if index == 0:
            raise NVMLError("GPU is lost")
        return index

    monkeypatch.setattr(driver, "nvmlDeviceGetHandleByIndex", reach)
    assert [device.index for device in gpu.every()] == [1]


@pytest.mark.parametrize("broken", ["library", "nvmlInit", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetCount"])
def test_without_library_driver_or_device_there_are_no_readings_and_no_error(driver, monkeypatch, broken):
    def refuse(*_: object) -> None:
        raise NVMLError("not there")

    if broken == "library":
        monkeypatch.setitem(sys.modules, "pynvml", None)
    else:
        monkeypatch.setattr(driver, broken, refuse)
    assert gpu.every() == ()
    assert broken == "nvmlDeviceGetCount" or gpu.own() is None
