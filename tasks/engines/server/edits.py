"""POST /v1/images/edits: a request from its form to its pictures, as one document or as a stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT
from starlette.types import Receive, Scope, Send

from tasks.domain.errors import EditFlowError
from tasks.domain.models import EngineIdentity
from tasks.engines.protocol import Edited
from tasks.engines.server import answers
from tasks.engines.server.answers import Made
from tasks.engines.server.errand import Errand, Workplace
from tasks.engines.server.errors import Problem, problem_of, unforeseen
from tasks.engines.server.form import form_of
from tasks.engines.server.order import ensure_served, ensure_takes, understand
from tasks.engines.server.sitting import Sitting, finish, prepare
from tasks.engines.server.tickets import Done, Progress, Queued


async def edit(request: Request, place: Workplace) -> Response:
    """The answer to a request for an edit. Raises the errors that are answered before any event is sent."""
    place.host.ensure_room()  # before the body is read: a full server refuses at once
    async with form_of(request) as form:
        sent = understand(form)
        order = sent.order
        with place.host.room() as serving:
            ensure_served(order.model, serving.identity)
            ensure_takes(sent, serving.traits, serving.identity)
            sitting = await place.timed("decode", partial(prepare, sent, serving.traits))
            units = [partial(sitting.edit, index=index) for index in range(order.n)]
            errand = Errand(place, units, priority=order.priority, deadline=order.deadline)
    if order.stream:
        return _EventStream(_events(errand, sitting, serving.identity, place), errand)
    async with aclosing(errand.results(request)) as results:
        made = [await _finished(done, sitting, place) async for done in results]
    document = answers.whole(made, serving.identity, order.output_format)
    return StreamingResponse(document, media_type="application/json")


async def _finished(done: Done[Edited], sitting: Sitting, place: Workplace) -> Made:
    """The engine's answer as a file."""
    picture = await place.timed("encode", partial(finish, sitting, done.result.image))
    place.metrics.pictures.inc()
    return Made(picture, sitting.plans[done.index].seed, done.result.notes, done.seconds)


async def _events(
    errand: Errand[Edited], sitting: Sitting, engine: EngineIdentity, place: Workplace
) -> AsyncIterator[bytes]:
    """The events of an edit as they happen, the last an error when it could not be finished."""
    try:
        async for event in errand.events():
            if event is None:
                yield KEEPALIVE_COMMENT
            elif isinstance(event, Queued):
                yield answers.event("image_edit.queued", position=event.position)
            elif isinstance(event, Progress):
                yield answers.event("image_edit.progress", step=event.step, total=event.total, index=event.index)
            else:
                made = await _finished(event, sitting, place)
                for piece in answers.completed(made, event.index, engine, sitting.order.output_format):
                    yield piece
    except EditFlowError as error:
        yield _told(problem_of(error), place)
    except Exception as fault:  # what came before it is sent: nothing further out can tell the client any more
        yield _told(unforeseen(fault), place)
        raise


def _told(found: Problem, place: Workplace) -> bytes:
    place.metrics.errors.labels(found.code).inc()
    return answers.event("error", **found.body)


class _EventStream(StreamingResponse):
    """A stream that ends its errand however it ends itself: read to the end, or left by the client at any moment."""

    def __init__(self, events: AsyncIterator[bytes], errand: Errand[Edited]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._errand = errand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._errand.withdraw()
