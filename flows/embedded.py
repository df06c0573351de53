"""Running flows without any set-up: under the temporary server Prefect starts by itself."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.domain.errors import ServerError

ENVIRONMENT = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",  # a laptop on battery is slow, not broken
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # it retries what fails as it shuts down, and would tell about it
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
"""Prefect settings for this; what the environment already sets wins."""


@contextmanager
def embedded() -> Iterator[None]:
    """A block in which flows run on the Prefect server that is configured, or else on a temporary one.

    The temporary server ends with this process, so heartbeats, which tell a server that a process is gone, are off:
    stopping them costs up to a second at the end of every flow.
    """
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    # after the environment is set, and not at all for commands that run no flow: importing Prefect takes seconds
    from prefect.settings import (  # noqa: PLC0415
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    if PREFECT_API_URL.value():
        reach_server(f"no Prefect server answers at {PREFECT_API_URL.value()}; start it or unset PREFECT_API_URL")
        yield
        return
    with temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        reach_server("Prefect's temporary server does not start; is PREFECT_HOME a folder that can be written?")
        yield


def reach_server(trouble: str) -> None:
    """Return when the server answers, having started the temporary one; raises `ServerError` with `trouble`."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415  as above

    try:
        with get_client(sync_client=True) as client:
            fault = client.api_healthcheck()
    except RuntimeError as unreachable:
        raise ServerError(f"{trouble} ({unreachable})") from unreachable
    if fault is not None:
        raise ServerError(f"{trouble} ({fault})") from fault


def silence_tracebacks() -> None:
    """Drop the log records that carry a traceback: the command line says what went wrong in one line of its own."""
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(lambda record: record.exc_info is None)
