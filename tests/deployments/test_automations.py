"""The automations on a real Prefect server: what they wait for happens, and what they do is done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.events.schemas.events import Event, Resource
from prefect.states import Failed, Running

from deployments.automations import described, main, register
from deployments.sampler import heartbeat
from tasks.emit import emit
from tests.health import sample

NAMES = [
    "edit-flows: error rate",
    "edit-flows: queue age",
    "edit-flows: no GPU",
    "edit-flows: edits fail in a row",
]


@pytest.fixture
def client(prefect_server) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as reached:
        yield reached


@pytest.fixture
def deployment(client) -> Iterator[UUID]:
    """The deployment that the automations run; nobody works on its runs."""
    made = client.create_deployment(client.create_flow_from_name("monitor"), name="monitor")
    yield made
    client.delete_deployment(made)


@pytest.fixture
def automations(client, deployment) -> Iterator[Callable[..., None]]:
    """Registers the automations and gives the server the moment it takes to load them; they are gone afterwards."""

    def put(*wanted: AutomationCore) -> None:
        for one in wanted or described(client):
            register(client, one)
        time.sleep(1)

    yield put
    for one in client.read_automations():
        if "edit-flows" in one.tags:
            client.delete_automation(one.id)


def runs(client, deployment, count, patience=20.0) -> list[FlowRun]:
    """The runs made of it, once there are so many."""
    until = time.monotonic() + patience
    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    found: list[FlowRun] = client.read_flow_runs(deployment_filter=wanted)
    while len(found) < count and time.monotonic() < until:
        time.sleep(0.2)
        found = client.read_flow_runs(deployment_filter=wanted)
    return found


def alert(name: str, told: str = "40% of edits ended by an error (limit 20%)") -> Event:
    resource = {"prefect.resource.id": f"edit-flows.limit.{name}", "prefect.resource.name": told}
    return Event(event=f"edit-flows.alert.{name}", resource=Resource(resource), payload={"value": 0.4, "limit": 0.2})


def test_the_command_makes_every_automation_once_and_leaves_off_what_was_switched_off(
    client, deployment, automations, capsys
):
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [f"made: {name}" for name in NAMES]
    off = client.read_automations_by_name(NAMES[0])[0]
    client.pause_automation(off.id)
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [f"renewed: {name}" for name in NAMES]
    found = {one.name: one for one in client.read_automations() if "edit-flows" in one.tags}
    assert sorted(found) == sorted(NAMES)
    assert [found[name].enabled for name in NAMES] == [False, True, True, True]
    assert {getattr(action, "deployment_id", None) for one in found.values() for action in one.actions} == {deployment}


def test_without_the_deployment_or_the_block_the_command_says_what_to_do(client, capsys, request):
    assert main([]) == 1
    assert "there is no deployment monitor/monitor; run python -m deployments.setup" in capsys.readouterr().err
    request.getfixturevalue("deployment")
    assert main(["--notify", "slack-webhook/nobody"]) == 1
    assert "there is no block 'slack-webhook/nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["error-rate", "queue-age"])
def test_a_limit_that_is_crossed_runs_the_monitor_without_alarms(client, deployment, automations, name):
    automations()
    emit([alert(name)])
    (run,) = runs(client, deployment, 1)
    assert run.parameters == {"minutes": 15, "alarms": False}
    emit([alert("something-else")])
    time.sleep(1)
    assert len(runs(client, deployment, 1)) == 1


def test_edits_that_fail_in_a_row_run_the_monitor_at_once(client, deployment, automations):
    automations()
    edits = client.create_deployment(client.create_flow_from_name("edit-image"), name=f"failing-{uuid4().hex}")
    for _ in range(5):
        run = client.create_flow_run_from_deployment(edits, state=Running())
        client.set_flow_run_state(run.id, Failed(), force=True)
    (run,) = runs(client, deployment, 1)
    assert run.parameters == {"minutes": 15, "alarms": True}


def test_a_machine_whose_gpu_is_no_longer_heard_of_runs_the_monitor(client, deployment, automations):
    """The same automation with the shortest time Prefect takes; two machines go on, one without a GPU is not missed."""
    wanted = next(one for one in described(client) if one.name == "edit-flows: no GPU")
    assert isinstance(wanted.trigger, EventTrigger)
    assert wanted.trigger.within == timedelta(minutes=3)
    trigger = wanted.trigger.model_copy(update={"within": timedelta(seconds=10)})
    automations(wanted.model_copy(update={"trigger": trigger}))
    lost, kept, without = (f"렌더-{uuid4().hex[:6]}" for _ in range(3))
    emit([heartbeat(sample(datetime.now(UTC), host, gpus=gpus)) for host, gpus in ((lost, 1), (kept, 1), (without, 0))])
    until = time.monotonic() + 60
    while not (found := runs(client, deployment, 1, patience=0.1)) and time.monotonic() < until:
        emit([heartbeat(sample(datetime.now(UTC), lost)), heartbeat(sample(datetime.now(UTC), kept, gpus=1))])
        time.sleep(3)
    time.sleep(2)
    assert len(found) == len(runs(client, deployment, 1)) == 1


class Told(BaseHTTPRequestHandler):
    """A webhook that remembers what it is sent."""

    bodies: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_message_goes_through_the_block_that_is_named(client, deployment, automations):
    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as webhook:
        Thread(target=webhook.serve_forever, daemon=True).start()
        CustomWebhookNotificationBlock(
            name="alerts",
            url=f"http://127.0.0.1:{webhook.server_port}/",
            json_data={"text": "{{subject}} | {{body}}"},
        ).save("alerts", overwrite=True)
        automations(*described(client, "custom-webhook/alerts"))
        emit([alert("error-rate", "오류가 40%")])
        until = time.monotonic() + 20
        while not Told.bodies and time.monotonic() < until:
            time.sleep(0.2)
        webhook.shutdown()
    (said,) = Told.bodies
    assert said.startswith("edit-flows: error rate | Too many edits ended by an error")
    assert "오류가 40%" in said
    assert "edit-flows.alert.error-rate" in said
    assert len(runs(client, deployment, 1)) == 1
