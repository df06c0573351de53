"""The sampler as a process, and its two outlets: the store and the Prefect server, each there and away."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Thread
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.sampler import HEARTBEAT, MOST, Samples, heartbeat, tell, write
from tasks.storage import listing
from tasks.storage.monitor import keep_samples, samples_between
from tests.health import HOUR, MIDNIGHT, every_ten_seconds, sample

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def queued(*samples, end=True) -> Samples:
    queue: Samples = SimpleQueue()
    for one in samples:
        queue.put(one)
    if end:
        queue.put(None)
    return queue


def telling(queue: Samples) -> Thread:
    """The thread that emits heartbeats, begun; it knows the Prefect server this test knows."""
    thread = Thread(target=copy_context().run, args=(tell, queue))
    thread.start()
    return thread


def kept(folder) -> list[datetime]:
    return sorted(one.at for one in samples_between(folder, MIDNIGHT - 24 * HOUR, MIDNIGHT + 24 * HOUR))


def test_a_process_samples_and_writes_what_it_holds_when_it_is_told_to_end(tmp_path):
    log = tmp_path / "log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "deployments.sampler", "--host", "렌더-1"],
            env={name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
            | {"EDIT_FLOWS_MONITOR": str(tmp_path / "모니터"), "PREFECT_HOME": str(tmp_path / "prefect")},
            stderr=said,
        ) as sampler,
    ):
        until = time.monotonic() + 60
        while "sampling" not in log.read_text() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.5)
        sampler.send_signal(signal.SIGTERM)
        assert sampler.wait(timeout=30) == 0
    now = datetime.now(UTC)
    found = list(samples_between(str(tmp_path / "모니터"), now - HOUR, now))
    assert {one.host for one in found} == {"렌더-1"}
    assert "what is held is written" in log.read_text()


def test_a_minute_becomes_a_file_and_the_rest_one_more_at_the_end(base):
    samples = list(every_ten_seconds(MIDNIGHT - MINUTE, MIDNIGHT + 1.5 * MINUTE))
    write(queued(*samples), base, WEEK)
    assert len(list(listing.under(base))) == 3
    assert kept(base) == [one.at for one in samples]


def test_samples_are_held_while_the_store_is_away_and_all_written_when_it_is_back(s3, s3_endpoint, monkeypatch, caplog):
    from s3fs import S3FileSystem

    def reach(endpoint):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        S3FileSystem.clear_instance_cache()

    samples = list(every_ten_seconds(MIDNIGHT, MIDNIGHT + 3 * MINUTE))
    queue = queued(*samples[:8], end=False)
    reach("http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING):
        writer = Thread(target=write, args=(queue, s3, WEEK))
        writer.start()
        until = time.monotonic() + 60
        while "samples are held" not in caplog.text and time.monotonic() < until:
            time.sleep(0.1)
    assert "6 samples are held (an hour at most)" in caplog.text
    reach(s3_endpoint)
    for one in [*samples[8:], None]:
        queue.put(one)
    writer.join(timeout=60)
    assert kept(s3) == [one.at for one in samples]


def test_of_a_store_that_stays_away_the_last_hour_is_remembered(tmp_path):
    place = tmp_path / "monitor"
    place.write_bytes(b"a file where a folder should be")
    samples = list(every_ten_seconds(MIDNIGHT, MIDNIGHT + 1.5 * HOUR))
    queue = queued(*samples, end=False)
    writer = Thread(target=write, args=(queue, str(place), WEEK))
    writer.start()
    until = time.monotonic() + 60
    while not queue.empty() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.2)
    place.unlink()
    queue.put(None)
    writer.join(timeout=60)
    assert kept(str(place)) == [one.at for one in samples[-MOST:]]


def test_own_files_that_are_too_old_are_removed_at_once_and_those_of_others_stay(tmp_path):
    folder = str(tmp_path)
    for host in ("render-1", "other"):
        keep_samples(folder, [sample(MIDNIGHT - timedelta(days=9), host)])
    write(queued(sample(MIDNIGHT)), folder, WEEK)
    left = [entry.key.rpartition("-")[0] for entry in listing.under(folder)]
    assert left == ["samples/2026-11-17/000000-other", "samples/2026-11-26/000000-render-1"]


@pytest.mark.usefixtures("prefect_server")
def test_a_heartbeat_a_minute_says_whether_there_is_a_gpu_and_what_the_machine_was_like():
    host = f"렌더-{uuid4().hex[:6]}"
    now = datetime.now(UTC)
    told = queued(sample(now, host, gpus=2), end=False)
    teller = telling(told)
    time.sleep(2)
    told.put(sample(now, host, gpus=2))  # the same minute
    told.put(None)
    teller.join(timeout=30)
    until = time.monotonic() + 20
    with get_client(sync_client=True) as client:
        wanted = EventFilter(
            event=EventNameFilter(name=[HEARTBEAT]),
            occurred=EventOccurredFilter(since=now - MINUTE, until=now + MINUTE),
        )
        while not (found := [one for one in client.read_events(wanted, limit=50).events if host in one.resource.id]):
            assert time.monotonic() < until, "no event came"
            time.sleep(0.2)
    assert len(found) == 1
    assert found[0].resource.id == f"edit-flows.host.{host}"
    assert found[0].resource["edit-flows.gpu"] == "yes"
    assert found[0].payload["gpus"] == 2
    assert found[0].payload["sample"]["gpus"][1]["power"] == 400


def test_without_a_gpu_the_heartbeat_says_so():
    assert heartbeat(sample(MIDNIGHT)).resource["edit-flows.gpu"] == "no"


def test_a_prefect_server_that_is_away_is_told_of_in_the_log_and_disturbs_nothing(caplog):
    with (
        temporary_settings(updates={PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        caplog.at_level(logging.WARNING),
    ):
        teller = telling(told := queued(sample(MIDNIGHT), end=False))
        until = time.monotonic() + 30
        while "no heartbeat" not in caplog.text and time.monotonic() < until:
            time.sleep(0.1)
        told.put(None)
        teller.join(timeout=30)
    assert "check PREFECT_API_URL" in caplog.text
