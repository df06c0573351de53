"""A real server in a thread, and what tests send it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import numpy as np
import uvicorn
from openai import OpenAI
from PIL import Image

from tasks.engines.protocol import Engine
from tasks.engines.server.__main__ import listen
from tasks.engines.server.app import create_app
from tasks.engines.server.host import Host, State

PATIENCE = 20.0
"""Seconds after which something that should happen has not."""


class Running(NamedTuple):
    """A server that is up."""

    url: str
    host: Host
    http: httpx.Client

    def edit(self, picture: bytes, prompt: str = "Invert it", **fields: object) -> httpx.Response:
        texts = {"prompt": prompt, **{name: str(value) for name, value in fields.items()}}
        return self.http.post("/v1/images/edits", data=texts, files={"image": ("photo.png", picture)})

    def openai(self, key: str = "any") -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0)


@contextmanager
def serving(
    load: Callable[[], Engine], *, limit: int = 16, token: str | None = None, pause: float = 0.01, ready: bool = True
) -> Iterator[Running]:
    """The server of a host, on loopback at a free port, ready unless it need not be."""
    host = Host(load, limit=limit, pause=pause)
    server = uvicorn.Server(uvicorn.Config(create_app(host, token), log_level="critical", lifespan="on"))
    with listen("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            eventually(lambda: server.started)
            if ready:
                eventually(lambda: host.state is State.READY)
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as http:
                yield Running(url, host, http)
        finally:
            host.stop(0)
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the server did not end"


def eventually(holds: Callable[[], object]) -> None:
    """Return once it holds; fails when it does not within `PATIENCE`."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.002)


def noise(width: int = 40, height: int = 30, *, seed: int = 0, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, len(mode)), dtype=np.uint8)
    return Image.fromarray(pixels, mode)


def file_of(picture: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error of an answer, after seeing that it has OpenAI's shape and nothing else."""
    body: dict[str, dict[str, Any]] = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    return body["error"]
