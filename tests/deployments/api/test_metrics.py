import time
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from deployments.api import figures
from deployments.api.metrics import ApiMetrics
from tasks.domain.monitor.health import Outcomes, Runs
from tasks.storage import files, listing
from tasks.storage.monitor import keep_report
from tests.health import every_ten_seconds, health

RUNS = Runs(completed=6, failed=1, crashed=1, cancelled=2, running=1, waiting=3, waiting_seconds=75, ever=99)
OUTCOMES = Outcomes(
    accepted=3, rejected=1, reused=1, rejected_by={"text wrong": 1}, seconds=12, engine_seconds=6, accepted_now=3
)


def report(at: datetime, host: str = "렌더-1", runs: Runs = RUNS):
    """A report of the hour up to then."""
    told = health(runs=runs, outcomes=OUTCOMES)
    hosts = health(*every_ten_seconds(told.since, told.until, host, gpus=1)).hosts
    return told.model_copy(update={"since": at - timedelta(hours=1), "until": at, "hosts": hosts})


def samples(metrics: ApiMetrics) -> dict[tuple[str, ...], float]:
    """Every sample by name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(generate_latest(metrics.registry).decode())
        for sample in family.samples
    }


def told(metrics: ApiMetrics) -> dict[tuple[str, ...], float]:
    """The samples once there are some of a report."""
    until = time.monotonic() + 30
    while ("edit_flows_health_requests",) not in samples(metrics) and time.monotonic() < until:
        time.sleep(0.05)
    return samples(metrics)


def test_requests_and_jobs_are_counted(tmp_path):
    metrics = ApiMetrics(str(tmp_path))
    metrics.count("POST", "/edit", 200, 3.0)
    metrics.count("GET", "/edits/{id}", 404, 0.01)
    metrics.jobs.set(2)
    seen = samples(metrics)
    assert seen["edit_flows_api_requests_total", "POST", "/edit", "200"] == 1
    assert seen["edit_flows_api_requests_total", "GET", "/edits/{id}", "404"] == 1
    assert seen["edit_flows_api_request_seconds_sum", "/edit"] == 3
    assert seen["edit_flows_api_jobs",] == 2
    assert seen["process_resident_memory_bytes",] > 0
    assert [key for key in seen if key[0] == "edit_flows_host_cpu_ratio"]
    assert not [key for key in seen if key[0].startswith("edit_flows_health")]


@pytest.mark.usefixtures("driver")
def test_the_machine_is_told_of_with_its_gpus(tmp_path):
    assert len([key for key in samples(ApiMetrics(str(tmp_path))) if key[0] == "edit_flows_device_power_watts"]) == 2


def test_the_newest_report_is_told_of_by_a_process_that_never_made_one(base):
    now = datetime.now(UTC)
    keep_report(base, report(now - timedelta(hours=1), runs=Runs()))
    keep_report(base, report(now))
    seen = told(ApiMetrics(base))
    assert seen["edit_flows_health_requests",] == 10
    assert seen["edit_flows_health_error_ratio",] == 0.25
    assert seen["edit_flows_health_accept_ratio",] == 0.75
    assert seen["edit_flows_health_results", "accepted"] == 3
    assert seen["edit_flows_health_rejected", "text wrong"] == 1
    assert seen["edit_flows_health_queue_age_seconds",] == 75
    assert seen["edit_flows_health_cache_hit_ratio",] == 0.25
    assert seen["edit_flows_health_engine_seconds_per_accepted",] == 2
    assert seen["edit_flows_health_timestamp_seconds",] == pytest.approx(now.timestamp())
    assert seen["edit_flows_health_host_cpu_ratio", "렌더-1", "average"] == pytest.approx(0.5, abs=0.01)
    assert seen["edit_flows_health_device_temperature_celsius", "0", "렌더-1", "maximum"] == 60


def test_the_store_is_looked_into_once_a_minute_and_what_is_not_known_is_absent(tmp_path, monkeypatch):
    metrics, folder, now = ApiMetrics(str(tmp_path)), str(tmp_path), datetime.now(UTC)
    keep_report(folder, report(now, runs=Runs()))
    first = told(metrics)
    assert first["edit_flows_health_requests",] == 0
    assert ("edit_flows_health_error_ratio",) not in first
    keep_report(folder, report(now + timedelta(seconds=1)))
    time.sleep(0.3)
    assert samples(metrics)["edit_flows_health_requests",] == 0
    monkeypatch.setattr(figures, "OFTEN", 0.0)
    until = time.monotonic() + 30
    while samples(metrics)["edit_flows_health_requests",] == 0 and time.monotonic() < until:
        time.sleep(0.05)
    assert samples(metrics)["edit_flows_health_requests",] == 10


def test_a_report_that_cannot_be_read_leaves_the_other_metrics_alone(tmp_path, caplog):
    files.write_once(f"{tmp_path}/reports/{datetime.now(UTC):%Y-%m-%d}/000000-x.json", b"{}")
    assert len(list(listing.under(str(tmp_path)))) == 1
    metrics = ApiMetrics(str(tmp_path))
    until = time.monotonic() + 30
    while "cannot be read" not in caplog.text and time.monotonic() < until:
        samples(metrics)
        time.sleep(0.05)
    assert "the newest report cannot be read" in caplog.text
    assert samples(metrics)["edit_flows_api_jobs",] == 0
