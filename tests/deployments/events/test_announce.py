"""Events as a real Prefect server takes them, and the run its trigger makes of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.events.announce import EVENT, announce, served
from deployments.events.notices import Notice
from flows.inbox import process_object
from tasks.domain.errors import ServerError
from tasks.inboxes import inboxes

T = TypeVar("T")

NAMES = ["사진 1.png", "50%2F50 #1+&<b>.png", "{{ 7 * 7 }}.png", 'it\'s "quoted".png']


def eventually(look: Callable[[], list[T]], count: int) -> list[T]:
    """What is seen once there is that much of it, or after 20 s."""
    until = time.monotonic() + 20
    while len(seen := look()) < count and time.monotonic() < until:
        time.sleep(0.1)
    return seen


@pytest.fixture
def serve(monkeypatch):
    """Serves a location, as EDIT_FLOWS_INBOX would."""

    def put(*locations):
        monkeypatch.setenv("EDIT_FLOWS_INBOX", ",".join(locations))
        inboxes.cache_clear()

    yield put
    inboxes.cache_clear()


def test_of_what_is_told_only_work_of_a_served_inbox_is_kept_and_each_once(serve):
    serve("s3://drop/team", "s3://other")
    wanted = Notice(bucket="drop", key="team/inbox/v/a.png", etag="1")
    root = Notice(bucket="other", key="inbox/v/a.png", etag="1")
    elsewhere = [
        Notice(bucket="drop", key=key)
        for key in (
            "team/outputs/v/a.png",
            "team/recipes/v.yaml",
            "team/inbox/",
            "team/inbox/v/.a.png",
            "inbox/v/a.png",
        )
    ]
    assert served([wanted, *elsewhere, wanted, root]) == (wanted, root)


@pytest.mark.usefixtures("prefect_server")
def test_a_trigger_makes_one_run_of_an_event_with_the_literal_name_of_the_object_as_parameter():
    bucket = f"drop-{time.monotonic_ns()}"
    notices = [Notice(bucket=bucket, key=f"inbox/v/{name}", etag="1") for name in NAMES]
    with get_client(sync_client=True) as client:
        pool = client.create_work_pool(WorkPoolCreate(name=bucket, type="process"))
    deployment = process_object.to_deployment(
        name=bucket,
        triggers=[
            DeploymentEventTrigger(
                name=bucket,
                expect={EVENT},
                match={"prefect.resource.id": f"s3://{bucket}/*"},
                parameters={"uri": "{{ event.payload.uri }}"},
            )
        ],
    )
    assert isinstance(deployment, RunnerDeployment)
    made = deployment.apply(work_pool_name=pool.name)
    time.sleep(1)  # the server loads new triggers a moment later
    announce(notices)
    announce(notices[:2])  # told of twice

    def uris() -> list[str]:
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs()
        return sorted(run.parameters["uri"] for run in runs if run.deployment_id == made)

    assert eventually(uris, len(NAMES)) == sorted(notice.uri for notice in notices)


def test_a_server_that_does_not_answer_has_taken_nothing():
    with (
        temporary_settings(updates={PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(ServerError, match="check PREFECT_API_URL"),
    ):
        announce([Notice(bucket="b", key="k")])
