from __future__ import annotations

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed, Failed, Scheduled

from flows.dispatch import dispatch_edit
from flows.edit import edit_image
from tasks.domain import errors
from tasks.domain.models import EditRequest
from tasks.settings import settings

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def pool(monkeypatch):
    """Stands in for a work pool: what is deployed runs at once, in this process, and is then read from the server."""

    def run(_name: str, parameters: dict[str, object], **_kept: object) -> FlowRun:
        state = edit_image.with_options(validate_parameters=True)(**parameters, return_state=True)
        ran = state.state_details.flow_run_id
        assert ran
        with get_client(sync_client=True) as client:
            return client.read_flow_run(ran)

    monkeypatch.setattr("flows.dispatch.run_deployment", run)
    monkeypatch.setenv("EDIT_FLOWS_DISPATCH", "pool")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("image", "engine", "kind"),
    [("nowhere/없음.png", None, errors.ImageError), ("nowhere.png", "nonesuch", errors.UnknownEngine)],
)
def test_what_an_edit_in_the_pool_fails_with_is_raised_as_the_kind_it_was(pool, tmp_path, image, engine, kind):
    @flow
    def composing() -> None:
        dispatch_edit(EditRequest(image=image, prompt="Give it a warm look"), str(tmp_path), engine)

    with pytest.raises(kind, match=r"nowhere|nonesuch") as raised:
        composing()
    assert type(raised.value) is kind


@pytest.mark.parametrize("ended", [Crashed(), Failed(message="... TransientError: the store is away")])
def test_an_edit_about_to_be_started_again_is_not_when_whoever_asked_is_stopped(pool, monkeypatch, tmp_path, ended):
    made: list[FlowRun] = []

    def begin(*_: object, idempotency_key: str, **_kept: object) -> FlowRun:
        with get_client(sync_client=True) as client:
            deployment = client.create_deployment(client.create_flow(edit_image), name="it")
            run = client.create_flow_run_from_deployment(deployment, idempotency_key=idempotency_key, state=Scheduled())
            made.append(run)
            client.set_flow_run_state(made[0].id, ended, force=True)
        return run

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.dispatch.run_deployment", begin)
    monkeypatch.setattr("flows.dispatch.pause", stop)
    with pytest.raises(KeyboardInterrupt):
        dispatch_edit(EditRequest(image="x.png", prompt="Give it a warm look"), str(tmp_path), key=f"stop {ended.name}")
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(made[0].id).state_type is StateType.CANCELLED


def test_a_prefect_server_that_went_away_is_a_fault_that_may_pass(pool, monkeypatch, tmp_path):
    def away(*_: object, **_kept: object) -> FlowRun:
        raise httpx.ConnectError("All connection attempts failed")

    monkeypatch.setattr("flows.dispatch.run_deployment", away)
    with pytest.raises(errors.TransientError, match="Prefect server"):
        dispatch_edit(EditRequest(image="x.png", prompt="Give it a warm look"), str(tmp_path), key="away")
