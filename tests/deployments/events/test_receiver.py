"""The HTTP receiver: what it takes, what it refuses and how it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from deployments.events.notices import MAX_BYTES
from deployments.events.receiver import create_app
from tasks.domain.errors import ServerError
from tasks.inboxes import inboxes

TOKEN = "a-long-secret"
MESSAGE = {
    "Records": [
        {
            "eventName": "s3:ObjectCreated:Put",
            "s3": {"bucket": {"name": "drop"}, "object": {"key": "inbox/v/%EC%82%AC%EC%A7%84+1.png", "eTag": "1"}},
        }
    ]
}


@pytest.fixture
def said(monkeypatch):
    """What was announced; s3://drop is served."""
    monkeypatch.setenv("EDIT_FLOWS_INBOX", "s3://drop")
    inboxes.cache_clear()
    yield []
    inboxes.cache_clear()


@pytest.fixture
def client(said) -> TestClient:
    return TestClient(create_app(said.extend, TOKEN), headers={"Authorization": f"Bearer {TOKEN}"})


def test_a_notification_is_answered_once_its_objects_were_announced(client, said):
    answer = client.post("/events", json=MESSAGE)
    assert (answer.status_code, answer.json()) == (200, {"announced": 1})
    assert said[0].uri == "s3://drop/inbox/v/사진 1.png"


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer 토큰".encode()])
def test_without_the_token_nothing_is_read(client, said, shown):
    assert client.post("/events", json=MESSAGE, headers={"Authorization": shown}).status_code == 401
    assert said == []


def test_health_asks_for_no_token(client):
    assert client.get("/health", headers={"Authorization": ""}).json() == {"status": "ready"}


@pytest.mark.parametrize(("body", "code"), [(b"{", 400), (b"{}", 400), (b" " * (MAX_BYTES + 1), 413)])
def test_what_is_no_notification_or_too_large_is_refused(client, said, body, code):
    assert client.post("/events", content=body).status_code == code
    assert said == []


def test_other_buckets_are_answered_kindly_and_not_announced(client, said):
    message = json.loads(json.dumps(MESSAGE).replace('"drop"', '"elsewhere"'))
    assert client.post("/events", json=message).json() == {"announced": 0}
    assert said == []


@pytest.mark.usefixtures("said")
def test_a_store_is_asked_to_come_again_while_prefect_takes_no_event():
    def down(_):
        raise ServerError("no server")

    answer = TestClient(create_app(down, None)).post("/events", json=MESSAGE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--host", "0.0.0.0"], "EDIT_FLOWS_RECEIVER_TOKEN"), (["--port", "0"], "EDIT_FLOWS_INBOX is empty")],
)
def test_the_command_refuses_to_start_open_to_the_network_or_without_an_inbox(arguments, told):
    done = subprocess.run(
        [sys.executable, "-m", "deployments.events.receiver", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={key: value for key, value in os.environ.items() if not key.startswith("EDIT_FLOWS_")},
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert told in done.stderr
