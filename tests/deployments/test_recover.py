from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyOptions, State, StateType
from prefect.states import Cancelling, Completed, Crashed, Failed, Pending, Running, Scheduled

from deployments import recover as module
from deployments.recover import MOST, recover

pytestmark = pytest.mark.usefixtures("prefect_server")

STORE_AWAY = "Flow run encountered an exception: TransientError: 's3://x': the store answered 503; it may work again"
BUSY = "Flow run encountered an exception: EngineBusy: its queue is full"
SERVER_AWAY = "Flow run encountered an exception: ConnectError: All connection attempts failed"
BAD_PICTURE = "Flow run encountered an exception: ImageError: 'TransientError: x.png' is not a picture"


@pytest.fixture
def client():
    with get_client(sync_client=True) as open_client:
        yield open_client


@pytest.fixture
def run(client):
    """Makes a run of a deployment in a state, as old as said, started so many times; gives a reader of it."""
    flow = client.create_flow_from_name(f"flow-{uuid4().hex}")
    deployment = client.create_deployment(flow, name="it")

    def make(state, *, starts=1, pool=None):
        if pool:
            client.update_deployment(deployment, DeploymentUpdate(work_pool_name=pool))
        made = client.create_flow_run_from_deployment(deployment, state=Scheduled())
        for _ in range(starts):
            client.set_flow_run_state(made.id, Running(), force=True)
        client.set_flow_run_state(made.id, state, force=True)
        return lambda: client.read_flow_run(made.id)

    return make


@pytest.fixture
def patient(monkeypatch):
    """Sets how long silence is borne, in seconds."""

    def put(seconds):
        monkeypatch.setattr(module, "SILENT", timedelta(seconds=seconds))
        monkeypatch.setattr(module, "UNBEGUN", timedelta(seconds=seconds))

    return put


@pytest.mark.parametrize(
    "state",
    [Crashed(), Failed(message=STORE_AWAY), Failed(message=BUSY), Failed(message=SERVER_AWAY)],
    ids=["crashed", "store away", "engine busy", "server away"],
)
def test_what_a_machine_ended_is_started_again_as_the_same_run(client, run, state):
    ended = run(state)
    recover(client)
    assert ended().state_type is StateType.SCHEDULED


@pytest.mark.parametrize("state", [Failed(message=BAD_PICTURE), Failed(), Completed()])
def test_what_ended_by_what_was_asked_stays_as_it_is(client, run, state):
    ended = run(state)
    recover(client)
    assert ended().state_type is state.type


@pytest.mark.parametrize("state", [Running(), Pending()], ids=["running", "pending"])
def test_what_nobody_works_on_is_called_crashed_and_started_again(client, run, patient, state):
    patient(3600)
    silent = run(state)
    recover(client)
    assert silent().state_type is state.type
    patient(0)
    recover(client)
    assert silent().state_type is StateType.SCHEDULED


def test_a_run_that_sends_heartbeats_is_left_alone_however_long_it_takes(client, run, monkeypatch):
    monkeypatch.setattr(module, "SILENT", timedelta(0))
    busy = run(Running())
    monkeypatch.setattr(module, "_heard", lambda *_: {busy().id})
    recover(client)
    assert busy().state_type is StateType.RUNNING


def test_a_run_nobody_is_left_to_cancel_is_cancelled(client, run, patient):
    patient(0)
    stopping = run(Cancelling())
    recover(client)
    assert stopping().state_type is StateType.CANCELLED


def test_what_ends_again_and_again_is_started_later_and_later_and_at_last_left_for_a_person(client, run):
    first, third, last = run(Crashed(), starts=1), run(Crashed(), starts=3), run(Crashed(), starts=MOST)
    recover(client)
    now = datetime.now(UTC)
    assert first().next_scheduled_start_time < now + timedelta(seconds=1)
    assert now + timedelta(seconds=10) < third().next_scheduled_start_time < now + timedelta(seconds=30)
    assert last().state_type is StateType.CRASHED


def test_runs_that_are_left_for_a_person_hide_none_that_can_go_on(client, run, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    for _ in range(3):
        run(Crashed(), starts=MOST)
    again = [run(Crashed()) for _ in range(3)]
    recover(client)
    assert all(ended().state_type is StateType.SCHEDULED for ended in again)


def test_what_is_started_again_for_the_first_time_comes_before_what_was_due_later(client, run):
    crashed = run(Crashed())
    due = crashed().expected_start_time
    recover(client)
    assert crashed().next_scheduled_start_time == due


@pytest.mark.parametrize(("kind", "left"), [("process", False), ("kubernetes", True)])
def test_a_container_or_a_job_is_given_time_to_come(client, run, monkeypatch, kind, left):
    monkeypatch.setattr(module, "UNBEGUN", timedelta(0))
    pool = client.create_work_pool(WorkPoolCreate(name=f"pool-{uuid4().hex}", type=kind))
    pending = run(Pending(), starts=0, pool=pool.name)
    recover(client)
    assert (pending().state_type is StateType.PENDING) is left


def test_nobodys_silence_counts_while_heartbeats_could_not_be_heard(client, run, patient):
    patient(0)
    silent = run(Running())
    recover(client, deaf=True)
    assert silent().state_type is StateType.RUNNING


def test_a_run_that_waited_long_for_its_turn_is_started_again_all_the_same(client, run):
    old = client.read_flow_run(run(Running())().id)
    waited: State[None] = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(days=3))
    late = client.create_flow_run_from_deployment(old.deployment_id, state=waited)
    client.set_flow_run_state(late.id, Running(), force=True)
    client.set_flow_run_state(late.id, Crashed(), force=True)
    recover(client)
    assert client.read_flow_run(late.id).state_type is StateType.SCHEDULED


def test_what_ended_long_ago_is_looked_at_once(client, run):
    crashed = run(Crashed())
    recover(client, back=timedelta(0))
    assert crashed().state_type is StateType.CRASHED
    recover(client)
    assert crashed().state_type is StateType.SCHEDULED


def test_a_dead_run_gives_back_the_place_that_only_one_may_hold(client):
    flow = client.create_flow_from_name(f"flow-{uuid4().hex}")
    alone = ConcurrencyOptions(collision_strategy="CANCEL_NEW")
    deployment = client.create_deployment(flow, name="it", concurrency_limit=1, concurrency_options=alone)

    def begin():
        made = client.create_flow_run_from_deployment(deployment, state=Scheduled())
        return made.id, client.set_flow_run_state(made.id, Pending()).state.type

    holder, _ = begin()
    client.set_flow_run_state(holder, Running())
    assert begin()[1] is StateType.CANCELLED
    with pytest.MonkeyPatch.context() as impatient:
        impatient.setattr(module, "SILENT", timedelta(0))
        recover(client)
    assert begin()[1] is StateType.PENDING
