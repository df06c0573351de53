"""A small installation as people meet it: a Prefect server with its UI, the deployments, one worker, an engine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prefect.client.orchestration import SyncPrefectClient

from tests.browser.painter import Painter
from tests.tasks.engines.server.serving import serving
from tests.weed import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds every part is given to stand."""


@dataclass(frozen=True)
class Installation:
    """Where it is."""

    url: str
    """Of the UI."""
    folder: Path
    """Its `outputs` is where results go; sources may be put beside it."""

    @property
    def client(self) -> SyncPrefectClient:
        """Speaks to its API."""
        return SyncPrefectClient(f"{self.url}/api")


@contextmanager
def standing(folder: Path) -> Iterator[Installation]:
    """The installation, ready; gone with all its processes afterwards."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as after:
        engine = after.enter_context(serving(Painter))
        own = {name: value for name, value in os.environ.items() if not name.startswith(("EDIT_FLOWS_", "PREFECT_"))}
        environment = own | {
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"{url}/api",
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "ui"),
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            "EDIT_FLOWS_ENGINE": "endpoint",
            "EDIT_FLOWS_ENDPOINT_URL": f"{engine.url}/v1",
            "EDIT_FLOWS_OUTPUT": str(folder / "outputs"),
            "EDIT_FLOWS_MAX_ATTEMPTS": "2",
            "EDIT_FLOWS_TYPESET_FALLBACK": "false",  # it would mend what a clumsy painter did
            "EDIT_FLOWS_API_URL": "http://127.0.0.1:8500",
        }

        def start(name: str, *words: str) -> subprocess.Popen[bytes]:
            log = after.enter_context((folder / f"{name}.log").open("wb"))
            command = [sys.executable, "-m", *words]
            process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
            after.callback(_end, process)
            return process

        server = start("server", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        _wait(f"{url}/api/health", server, folder / "server.log")
        assert start("setup", "deployments.setup").wait(PATIENCE) == 0, (folder / "setup.log").read_text()
        start("worker", "prefect", "worker", "start", "--pool", "gpu", "--limit", "2")
        yield Installation(url, folder)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not _answers(url):
        assert process.poll() is None, f"it ended: {log.read_text()}"
        assert time.monotonic() < until, f"{url} does not answer: {log.read_text()}"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
