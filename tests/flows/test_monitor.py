"""The flow against a real Prefect server: what it counts, keeps, shows and tells."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter
from prefect.exceptions import ParameterTypeError
from prefect.logging import disable_run_logger
from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled

from flows.__main__ import main
from flows.monitor import monitor
from tasks import count as counting
from tasks.count import count
from tasks.domain.monitor.health import Health
from tasks.present import CHART, TABLE
from tasks.publish import KIND
from tasks.settings import monitor_folder, settings
from tasks.storage import files
from tasks.storage.monitor import keep_samples, newest_report
from tests.health import sample

pytestmark = pytest.mark.usefixtures("prefect_server")

REJECTED = {"outcome": "rejected", "failures": ["smeared"], "seconds": 6.0, "engine_seconds": 4.0, "reused": False}
ACCEPTED = {"outcome": "accepted", "failures": [], "seconds": 10.0, "engine_seconds": 8.0, "reused": False}


@pytest.fixture
def folder(base, monkeypatch) -> Iterator[str]:
    """Where samples and reports lie."""
    monkeypatch.setenv("EDIT_FLOWS_MONITOR", base)
    settings.cache_clear()
    yield base
    settings.cache_clear()


@pytest.fixture
def client():
    with get_client(sync_client=True) as reached:
        yield reached


@pytest.fixture
def edit(client):
    """Makes a run of edit-image end in a state, having published that."""
    flow = client.create_flow_from_name("edit-image")
    deployment = client.create_deployment(flow, name=f"monitored-{time.monotonic_ns()}")

    def make(state, *published):
        run = client.create_flow_run_from_deployment(deployment, state=Running())
        for data in published:
            client.create_artifact(ArtifactCreate(type=KIND, data=data, flow_run_id=run.id))
        client.set_flow_run_state(run.id, state, force=True)
        return run.id

    yield make
    client.delete_deployment(deployment)


def now() -> datetime:
    return datetime.now(UTC)


def counted(since, until):
    with disable_run_logger():
        return count.fn(since, until)


def test_runs_and_what_they_published_are_counted_in_their_window_alone(edit, monkeypatch):
    monkeypatch.setattr(counting, "PAGE", 2)
    edit(Completed(), ACCEPTED)
    time.sleep(0.1)
    since = now()
    before, _ = counted(since, since)
    for _ in range(2):
        edit(Completed(), ACCEPTED)
    edit(Completed(), {"metadata_uri": "old.json"}, ACCEPTED | {"kept_from": "s3://cache/a.json", "reused": True})
    edit(Completed(), REJECTED)
    edit(Completed(), {"metadata_uri": "s3://out/of-an-older-version.json"})
    edit(Failed())
    edit(Crashed())
    edit(Cancelled())
    edit(Scheduled(scheduled_time=now() - timedelta(minutes=10)))
    edit(Scheduled(scheduled_time=now() + timedelta(hours=1)))
    edit(Running())
    runs, outcomes = counted(since, now())
    assert (runs.completed, runs.failed, runs.crashed, runs.cancelled) == (5, 1, 1, 1)
    assert (runs.requests, runs.error_rate) == (8, 2 / 7)
    assert (runs.waiting - before.waiting, runs.running - before.running, runs.ever - before.ever) == (1, 1, 11)
    assert runs.waiting_seconds is not None
    assert runs.waiting_seconds >= 600
    assert (outcomes.accepted, outcomes.rejected, outcomes.reused, outcomes.untold) == (3, 1, 1, 1)
    assert outcomes.rejected_by == {"smeared": 1}
    assert (outcomes.seconds_per_accepted, outcomes.engine_seconds_per_accepted) == (13, 10)


def test_a_report_is_kept_where_another_process_finds_it(folder):
    for host, gpus in (("렌더-1", 2), ("render-2", 0)):
        keep_samples(folder, [sample(now() - timedelta(seconds=50), host, gpus=gpus)])
    health = monitor(minutes=5)
    assert [(host.host, len(host.gpus)) for host in health.hosts] == [("render-2", 0), ("렌더-1", 2)]
    assert monitor_folder() == folder
    assert newest_report(folder, now()) == health


def test_a_deployments_run_shows_a_table_and_a_chart_and_emits_what_is_wrong(folder, client, edit, monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "5f6a2f5e-0000-4000-8000-000000000000")
    begun = now()
    keep_samples(folder, [sample(now() - timedelta(minutes=4), "렌더-1", gpus=1)])
    for _ in range(40):
        edit(Failed())
    health = monitor(minutes=5)
    table, chart = (
        client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])), sort=ArtifactSort.CREATED_DESC, limit=1
        )[0]
        for key in (TABLE, CHART)
    )
    assert {"렌더-1: processor", "error rate"} <= {row["what"] for row in json.loads(str(table.data))}
    assert "](data:image/jpeg;base64," in str(chart.data)
    assert len(str(chart.data)) < 150_000
    wanted = EventFilter(
        event=EventNameFilter(prefix=["edit-flows.alert."]), occurred=EventOccurredFilter(since=begun, until=now())
    )
    until = time.monotonic() + 20
    while not {"edit-flows.alert.error-rate", "edit-flows.alert.no-gpu"} <= set(
        told := {event.event: event for event in client.read_events(wanted, limit=50).events}
    ):
        assert time.monotonic() < until, f"only {set(told)} came"
        time.sleep(0.2)
    payload = told["edit-flows.alert.no-gpu"].payload
    assert (payload["value"], payload["limit"]) == (0, 1)
    assert Health.model_validate_json(files.read(payload["report"])) == health


def test_by_hand_nothing_is_emitted(folder, client, edit):
    begun = now()
    for _ in range(6):
        edit(Failed())
    monitor(minutes=1)
    time.sleep(1)
    wanted = EventFilter(
        event=EventNameFilter(prefix=["edit-flows.alert."]), occurred=EventOccurredFilter(since=begun, until=now())
    )
    assert client.read_events(wanted, limit=50).events == []


@pytest.mark.parametrize("minutes", [0, 7 * 24 * 60 + 1])
def test_a_window_that_is_none_is_refused(minutes):
    with pytest.raises(ParameterTypeError, match="minutes: Input should be"):
        monitor(minutes=minutes)


def test_the_command_prints_a_table_or_one_document(folder, capsys):
    keep_samples(folder, [sample(now() - timedelta(seconds=50), "렌더-1", gpus=1)])
    assert main(["monitor", "--window", "30m"]) == 0
    assert "렌더-1: GPU 0 NVIDIA H100, power" in capsys.readouterr().out
    assert main(["monitor", "--window", "1h", "--json"]) == 0
    told = Health.model_validate_json(capsys.readouterr().out)
    assert told.seconds == 3600
    assert main(["monitor", "--window", "30d"]) == 1
    assert "choose from 1m to 7d" in capsys.readouterr().err
