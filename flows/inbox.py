"""process-inbox: what landed in an inbox becomes edits, each picture once; process-object: the same for one object.

schedule ----------------> process-inbox --> survey --> for each picture that is due:
bucket event --> trigger --> process-object ----^         instruct --> dispatch_edit --> record
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from prefect import flow, get_run_logger
from pydantic import Field

from flows.dispatch import dispatch_edit
from flows.together import together
from tasks.domain.errors import INSTALLATION, EditFlowError, RequestError, TransientError
from tasks.domain.inbox import Arrival, Handled, InboxResult, Landing, Places, Survey, result_of
from tasks.inboxes import location_of, locations, places_at
from tasks.instruct import instruct
from tasks.record import record
from tasks.storage import listing
from tasks.survey import survey

PASSING = (TransientError, *INSTALLATION)
"""Faults of the installation, not of the picture: tried again for as long as they last."""

Seconds = Annotated[float, Field(ge=0, le=600)]


@flow(name="process-inbox", validate_parameters=True)
def process_inbox(
    location: str | None = None,
    recipes: str | None = None,
    output: str | None = None,
    limit: Annotated[int, Field(ge=1)] = 100,
    settle: Seconds = 10.0,
    at_once: Annotated[int, Field(ge=1, le=64)] = 2,
) -> tuple[InboxResult, ...]:
    """What one poll did, location by location. Polling again when all is done costs two listings and no edit.

    Args:
        location: Folder or s3:// prefix that holds inbox/ and recipes/; empty: all of the EDIT_FLOWS_INBOX setting.
        recipes: Where the recipes lie instead; outside the inbox.
        output: Where results go instead of outputs/; outside the inbox.
        limit: Pictures dealt with per location; the next poll goes on with the rest.
        settle: Seconds a file must have been left alone before it is taken for whole.
        at_once: Pictures worked on at the same time.

    """
    return tuple(
        _process(place, places_at(place, recipes, output), limit, settle, at_once)
        for place in ([location] if location else locations())
    )


@flow(name="process-object", validate_parameters=True)
def process_object(
    uri: str, recipes: str | None = None, output: str | None = None, settle: Seconds = 10.0
) -> InboxResult:
    """What was done about one object that is said to have arrived: whatever the event said, what lies there counts.

    Args:
        uri: The object; a sidecar stands for its picture. It must lie in an inbox of the EDIT_FLOWS_INBOX setting.
        recipes: Where the recipes lie instead; outside the inbox.
        output: Where results go instead of outputs/; outside the inbox.
        settle: Seconds the object must have been left alone; a younger one is waited for.

    """
    location = location_of(uri)
    places = places_at(location, recipes, output)
    seen = survey(places, settle, uri)
    if seen.waiting and settle:
        time.sleep(settle)  # a sidecar may be on its way
        seen = survey(places, settle, uri)
    return _finish(location, places, seen, limit=len(seen.due), at_once=1)


def _process(location: str, places: Places, limit: int, settle: float, at_once: int) -> InboxResult:
    return _finish(location, places, survey(places, settle), limit, at_once)


def _finish(location: str, places: Places, seen: Survey, limit: int, at_once: int) -> InboxResult:
    """Everything due within the limit dealt with, told in the order in which it was due."""
    due = seen.due[:limit]
    handled: dict[str, Handled] = {}
    with closing(together(due, partial(_handle, places), at_once)) as ended:
        for one in ended:
            handled[one.uri] = one
            get_run_logger().info("%d of %d: %s", len(handled), len(due), one.outcome)
    return result_of(location, seen, [handled[arrival.uri] for arrival in due], left=len(seen.due) - len(due))


def _handle(places: Places, arrival: Arrival) -> Handled:
    """How one picture ended. This is the outermost edge: whatever goes wrong with one must not sink the rest."""
    counted = False
    try:
        ended = _edit(places, arrival)
    except PASSING as fault:
        ended = _ended(arrival, Landing.FAILED, str(fault))
    except Exception as fault:  # noqa: BLE001  the edge
        get_run_logger().warning("%r failed", arrival.uri, exc_info=True)
        ended, counted = _ended(arrival, Landing.FAILED, f"{type(fault).__name__}: {fault}"), True
    try:
        return record(places, arrival, ended, counted=counted)
    except EditFlowError as fault:
        return _ended(arrival, Landing.FAILED, f"{ended.outcome}, but no record could be written: {fault}")


def _edit(places: Places, arrival: Arrival) -> Handled:
    """How the edit of one picture ended, where the picture or what is asked of it decided that."""
    if arrival.objection:
        return _ended(arrival, Landing.REFUSED, f"{arrival.uri!r}: {arrival.objection}")
    if changed := _moved_on(arrival):
        return changed
    try:
        order = instruct(places, arrival)
        result = dispatch_edit(order.request, order.output, order.engine, key=arrival.try_key)
    except PASSING:
        raise
    except RequestError as refusal:
        return _moved_on(arrival) or _ended(arrival, Landing.REFUSED, str(refusal))
    return _ended(arrival, Landing(result.outcome), result=result.metadata_uri)


def _moved_on(arrival: Arrival) -> Handled | None:
    """How a picture ended that is no longer what was listed; None when it is."""
    now = listing.look(arrival.uri)
    if now is None:
        return _ended(arrival, Landing.GONE, "it was removed before it was read")
    if now.etag != arrival.etag:
        return _ended(arrival, Landing.WAITING, "it is being written: it changed since it was listed")
    return None


def _ended(arrival: Arrival, outcome: Landing, reason: str = "", result: str = "") -> Handled:
    return Handled(
        uri=arrival.uri,
        etag=arrival.etag,
        recipe=arrival.recipe,
        sidecar=arrival.sidecar.uri if arrival.sidecar else None,
        outcome=outcome,
        reason=" ".join(reason.split()),
        result=result,
        at=datetime.now(UTC),
    )
