from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from flows.persistent import AsyncPersistent, Persistent


@pytest.fixture
def locked() -> Iterator[tuple[str, list[bytes]]]:
    """URL of a server whose database is locked twice, and what it was sent."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(503 if len(sent) < 3 else 201)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", sent
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_locked_database_is_asked_again_with_the_same_words(locked) -> None:
    url, sent = locked

    with httpx.Client(transport=Persistent()) as client:
        answer = client.post(url, json={"state": "running"})

    assert answer.status_code == 201
    assert len(sent) == 3
    assert len(set(sent)) == 1


def test_the_same_without_blocking(locked) -> None:
    url, sent = locked

    async def ask() -> int:
        async with httpx.AsyncClient(transport=AsyncPersistent()) as client:
            return (await client.post(url, json={"state": "running"})).status_code

    assert asyncio.run(ask()) == 201
    assert len(sent) == 3


def test_a_server_that_is_away_is_told_at_once() -> None:
    with httpx.Client(transport=Persistent()) as client, pytest.raises(httpx.ConnectError):
        client.get("http://127.0.0.1:9/")
