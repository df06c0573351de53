"""A Prefect event for each object that was written, acknowledged by the server before this returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from uuid import NAMESPACE_URL, uuid5

from prefect.events.schemas.events import Event, Resource

from deployments.events.notices import Notice
from tasks.domain.errors import RequestError
from tasks.domain.inbox import INBOX, is_clutter
from tasks.emit import emit
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

    The same content at the same place gives the same event id, which the server takes once.
    """
    emit([_event(notice) for notice in notices])
    for notice in notices:
        logger.info("announced %r (%s)", notice.uri, notice.etag)


def _event(notice: Notice) -> Event:
    return Event(
        id=uuid5(NAMESPACE_URL, f"{notice.uri}@{notice.etag}"),
        event=EVENT,
        resource=Resource({"prefect.resource.id": notice.uri}),
        payload={"uri": notice.uri, **notice.model_dump()},
    )
