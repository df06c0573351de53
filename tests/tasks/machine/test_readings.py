import time
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from tasks.machine.readings import Machine


def test_a_sample_says_what_the_system_says():
    sample = Machine("렌더-1").sample()
    assert sample.host == "렌더-1"
    assert abs(datetime.now(UTC) - sample.at) < timedelta(seconds=5)
    assert sample.memory_total == psutil.virtual_memory().total
    assert 0 < sample.memory_used < sample.memory_total
    assert sample.uptime == pytest.approx(time.time() - psutil.boot_time(), abs=5)


def test_processor_time_is_counted_since_the_sample_before():
    machine = Machine()
    machine.sample()
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
    assert machine.sample().cpu > 0.25 / (psutil.cpu_count() or 1)


def test_samples_at_once_are_shares_all_the_same():
    machine = Machine()
    assert all(0 <= machine.sample().cpu <= 1 for _ in range(20))


@pytest.mark.usefixtures("driver")
def test_every_gpu_is_in_a_sample():
    assert [device.name for device in Machine().sample().gpus] == ["NVIDIA X0", "NVIDIA X1"]
