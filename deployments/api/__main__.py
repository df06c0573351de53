"""The command line: python -m deployments.api --port 8500.

Exit codes: 0 stopped as asked (SIGTERM, Ctrl-C), 1 error; errors are one line on standard error.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Annotated

import uvicorn
from cyclopts import App, Parameter
from cyclopts.validators import Number
from fastapi import FastAPI
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from deployments.api.app import POOLED, create_app
from deployments.api.settings import api_settings, keys_of
from deployments.api.standing import own_server
from deployments.command import run
from flows.embedded import reach_server
from tasks import __version__
from tasks.domain.errors import ServerError, SettingsError
from tasks.engines.server.__main__ import is_loopback, listen

AT_ONCE = 1000
"""Connections; further ones are answered 503."""
FINISHING = 10
"""Seconds answers are given to be sent when the API is told to stop."""

app = App(
    name="python -m deployments.api",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="The public HTTP API: POST /edit, POST /edits, POST /v1/images/edits, GET /review, GET /health.",
)


@app.default
def serve(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 8500,
    here: Annotated[int | None, Parameter(validator=Number(gte=0, lte=64))] = None,
    name: str = "api",
) -> int:
    """Answer until told to stop.

    Args:
        host: Address to listen on; any but loopback needs keys (EDIT_FLOWS_API_KEYS, EDIT_FLOWS_API_KEYS_FILE).
        port: Port to listen on; 0 takes a free one.
        here: Edit in so many processes of this host. 0: in the gpu pool of the Prefect server that PREFECT_API_URL
            names, which is what is done when it is set; else 2, with a Prefect server started for it.
        name: Of the deployment whose runs it does here; several such APIs of a Prefect server need different ones.
    """
    settings = api_settings()
    if not keys_of(settings) and not is_loopback(host):
        raise SettingsError(f"host {host!r} is open to the network: set EDIT_FLOWS_API_KEYS, or use 127.0.0.1")
    with listen(host, port) as listening, _prefect() as prefect:
        count = (0 if os.environ.get("PREFECT_API_URL") and not prefect else 2) if here is None else here
        if not count:
            ensure_deployed()
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"

        def ready() -> None:
            with contextlib.suppress(OSError):  # nobody reads what is printed
                print(f"ready: {url}/docs{f', runs: {prefect}' if prefect else ''}", flush=True)  # noqa: T201

        return _run(create_app(settings, count, name, ready), listening)


def ensure_deployed() -> None:
    """Return when the Prefect server has the deployment that edits; raises `ServerError` otherwise."""
    with get_client(sync_client=True) as client:
        try:
            client.read_deployment_by_name(POOLED)
        except ObjectNotFound:
            raise ServerError(
                f"the Prefect server at {client.api_url} has no deployment {POOLED}: "
                "run python -m deployments.setup, or add --here 2 to edit in processes of this host"
            ) from None


@contextlib.contextmanager
def _prefect() -> Iterator[str]:
    """The address of a Prefect server started for this; empty where one is configured."""
    if os.environ.get("PREFECT_API_URL"):
        reach_server(f"no Prefect server answers at {os.environ['PREFECT_API_URL']}; start it or unset PREFECT_API_URL")
        yield ""
        return
    with own_server() as url:
        yield url


def _run(web: FastAPI, listening: socket.socket) -> int:
    config = uvicorn.Config(
        web, log_level="warning", timeout_graceful_shutdown=FINISHING, limit_concurrency=AT_ONCE, lifespan="on"
    )
    server = uvicorn.Server(config)
    with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 0}):  # who waits for an answer is told at once
        server.run(sockets=[listening])
    return int(not server.started)


def main(arguments: list[str]) -> int:
    """Exit code of the API."""
    return run(app, arguments, quiet=("httpx", "prefect", "python_multipart"))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started for it ends with it
    sys.exit(main(sys.argv[1:]))
