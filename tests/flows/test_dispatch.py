from __future__ import annotations

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun

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
