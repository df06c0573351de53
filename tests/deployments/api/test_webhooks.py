from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.deployments.api.running import Api, running
from tests.tasks.engines.server.serving import eventually

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Ear:
    """A server that is told of edits; the first time it does not listen."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                ear.heard.append((dict(self.headers.items()), body))
                self.send_response(503 if len(ear.heard) == 1 else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/"


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()
    thread = threading.Thread(target=listening.server.serve_forever)
    thread.start()
    yield listening
    listening.server.shutdown()
    thread.join()
    listening.server.server_close()


@pytest.fixture
def telling(prefect_server, obedient, ear, tmp_path) -> Iterator[Api]:
    settings = {"EDIT_FLOWS_API_WEBHOOKS": ear.url, "EDIT_FLOWS_API_WEBHOOK_SECRET": SECRET}
    with running(tmp_path, obedient.url, settings) as api:
        yield api


def test_the_end_of_an_edit_is_told_signed_and_again_until_it_is_heard(telling, ear, photo) -> None:
    fields = {"prompt": f"unchanged {uuid4()}", "edit_type": "semantic"}
    refused = telling.http.post("/edits", data=fields | {"webhook": "http://127.0.0.1:1/hooks/"}, files={"file": photo})
    edit = telling.http.post("/edits", data=fields | {"webhook": f"{ear.url}seoul"}, files={"file": photo}).json()["id"]

    eventually(lambda: len(ear.heard) == 2)

    assert refused.status_code == 422
    headers, body = ear.heard[1]
    told = Webhook(SECRET).verify(body.decode(), {name.lower(): value for name, value in headers.items()})
    assert (told["type"], told["data"]["id"], told["data"]["status"]) == ("edit.ended", edit, "rejected")
    assert ear.heard[0][0]["webhook-id"] == headers["webhook-id"] == f"edit_{edit}"
    forged = json.dumps(told | {"type": "edit.begun"})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(forged, {name.lower(): value for name, value in headers.items()})
