"""A Prefect event for each object that was written, acknowledged by the server before this returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from uuid import NAMESPACE_URL, uuid5

import httpx
from prefect.client.orchestration import get_client
from prefect.events.schemas.events import Event, Resource

from deployments.events.notices import Notice
from tasks.domain.errors import RequestError, ServerError
from tasks.domain.inbox import INBOX, is_clutter
from tasks.inboxes import location_of

EVENT = "edit-flows.object.created"
"""Name of the event; the trigger of process-object waits for it."""

Announce = Callable[[Sequence[Notice]], None]

logger = logging.getLogger("edit-flows.events")


def served(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Those that concern an inbox of the EDIT_FLOWS_INBOX setting, each once; the others are logged and left out."""
    kept: dict[Notice, None] = {}
    for notice in notices:
        try:
            inbox = f"{location_of(notice.uri).rstrip('/')}/{INBOX}/"
        except RequestError as refused:
            logger.warning("not announced: %s", refused)
            continue
        if not is_clutter(notice.uri.removeprefix(inbox), size=0):
            kept[notice] = None
    return tuple(kept)


def announce(notices: Sequence[Notice]) -> None:
    """Emit one event per object and return when the server has taken them. Raises `ServerError` when it has not.

    `prefect.events.emit_event` only puts an event into a queue of this process, which would be too early to forget the
    message it came from. The same content at the same place gives the same event id, which the server takes once.
    """
    if not notices:
        return
    events = [_event(notice).model_dump(mode="json") for notice in notices]
    try:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=events)
    except (httpx.HTTPError, RuntimeError) as fault:
        raise ServerError(f"the Prefect server took no event ({fault}); check PREFECT_API_URL") from fault
    for notice in notices:
        logger.info("announced %r (%s)", notice.uri, notice.etag)


def _event(notice: Notice) -> Event:
    return Event(
        id=uuid5(NAMESPACE_URL, f"{notice.uri}@{notice.etag}"),
        event=EVENT,
        resource=Resource({"prefect.resource.id": notice.uri}),
        payload={"uri": notice.uri, **notice.model_dump()},
    )
