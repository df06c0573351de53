from __future__ import annotations

import time

import pytest
from prefect.client.orchestration import get_client
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.events.schemas.events import ReceivedEvent

from tasks.domain.results import Outcome
from tasks.storage.records import read_result
from tasks.summon import EVENT, summon
from tests.reviewing import put_in_review

pytestmark = pytest.mark.usefixtures("prefect_server")


def told(resource: str, patience: float) -> list[ReceivedEvent]:
    """The events about a resource, once there is one or time is up."""
    wanted = EventFilter(event=EventNameFilter(name=[EVENT]), resource=EventResourceFilter(id=[resource]))
    until = time.monotonic() + patience
    while True:
        with get_client(sync_client=True) as client:
            found = client.read_events(wanted, limit=10).events
        if found or time.monotonic() > until:
            return found
        time.sleep(0.3)


@pytest.fixture
def deployed(monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "7c4e5d8e-0000-4000-8000-000000000000")


@pytest.mark.parametrize("outcome", [Outcome.PENDING, Outcome.REJECTED])
def test_a_run_of_a_deployment_calls_a_person_to_what_it_put_in_review(deployed, tmp_path, outcome):
    result = read_result(put_in_review(str(tmp_path), tmp_path / "a.png", outcome, "하늘을 빨갛게 바꿔줘"))
    assert summon(result) is result
    (event,) = told(result.metadata_uri, 20)
    assert (event.payload["outcome"], event.payload["prompt"]) == (outcome, "하늘을 빨갛게 바꿔줘")


def test_nobody_is_called_twice_nor_to_what_was_accepted_nor_by_hand(deployed, tmp_path, monkeypatch):
    result = read_result(put_in_review(str(tmp_path), tmp_path / "a.png"))
    summon(result.model_copy(update={"reused": True}))
    summon(result.model_copy(update={"outcome": Outcome.ACCEPTED}))
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID")
    summon(result)
    assert told(result.metadata_uri, 2) == []
