"""Prefect events, acknowledged by the server before this returns."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from prefect.client.orchestration import get_client
from prefect.events.schemas.events import Event

from tasks.domain.errors import ServerError


def emit(events: Sequence[Event]) -> None:
    """Return when the server has taken them. Raises `ServerError` when it has not.

    `prefect.events.emit_event` only puts an event into a queue of this process, and one that ends soon loses it.
    """
    if not events:
        return
    try:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=[event.model_dump(mode="json") for event in events])
    except (httpx.HTTPError, RuntimeError) as fault:
        raise ServerError(f"the Prefect server took no event ({fault}); check PREFECT_API_URL") from fault
