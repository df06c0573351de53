"""A Prefect server of one's own, for trying the API without any set-up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.embedded import ENVIRONMENT, reach_server
from tasks.domain.errors import ServerError
from tasks.engines.server.__main__ import listen

START = 120.0
"""Seconds it is given to answer."""


@contextmanager
def own_server() -> Iterator[str]:
    """URL of a Prefect server (with its UI) on loopback that lasts as long as the block; runs of it stay on disk.

    Raises `ServerError` when it does not start.
    """
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=ENVIRONMENT | os.environ, stdout=subprocess.DEVNULL) as server:  # noqa: S603  our own words
        try:
            os.environ["PREFECT_API_URL"] = f"{url}/api"  # for the processes that edit
            with temporary_settings(updates={PREFECT_API_URL: f"{url}/api"}):
                _wait(server, url)
                yield url
        finally:
            del os.environ["PREFECT_API_URL"]
            server.terminate()


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Return when the server answers; raises `ServerError` when it ends or takes too long."""
    until = time.monotonic() + START
    while server.poll() is None and time.monotonic() < until:
        try:
            reach_server(url)
        except ServerError:
            time.sleep(0.3)
        else:
            return
    raise ServerError(f"Prefect's own server does not start at {url}; is PREFECT_HOME a folder that can be written?")
