"""The review page: results that wait for a person, each with its evidence and three buttons.

Works without script and with the keyboard alone; English, Korean, Chinese by Accept-Language.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from deployments.api.pages import place
from deployments.api.pages.render import HEADERS, language, page, style
from deployments.api.pages.words import words
from deployments.api.problems import Refused
from tasks.decide import review_of
from tasks.domain.errors import AlreadyDecided, ImageError, RequestError
from tasks.domain.problems import problems
from tasks.domain.results import Decision, EditResult, Outcome, Review
from tasks.domain.review import Retry, Waiting, is_overdue, page_of, verdict_of
from tasks.reviewed import reviewed
from tasks.settings import settings
from tasks.storage import listing, reviews
from tasks.storage.records import read_result

Who = Callable[[Request], str]
"""Whose a request is: decisions carry that name."""
Submit = Callable[[Retry, str], Awaitable[str]]
"""Begins the edit of a retry for that person; the id of its run. The same `Retry.key` again gives the same run."""

UNITS = (("days", 1440), ("hours", 60), ("minutes", 1))
"""Words for how long something has waited, with their minutes."""
SIZE = 24
"""Results on one page of the list."""
PICTURES = 2
"""Pictures opened at the same time: one may take half a gigabyte."""


def review_routes(who: Who, submit: Submit) -> APIRouter:
    """GET /review, GET and POST /review/ID, GET /review/ID/before, after, sheet, mask, small."""
    router = APIRouter(prefix="/review", include_in_schema=False)
    limiter = CapacityLimiter(PICTURES)

    @router.get("")
    def waiting(request: Request, page: int = 1) -> Response:
        return _list(request, who(request), page)

    @router.get("/page.css")
    def sheet_of_styles() -> Response:
        return style()

    @router.get("/{name}")
    def item(request: Request, name: str) -> Response:
        metadata = place.metadata_of(name, reviewed())
        return _item(request, who(request), metadata) if metadata else _gone(request, who(request))

    @router.get("/{name}/{what}")
    async def picture(request: Request, name: str, what: str) -> Response:
        try:
            data, kind = await to_thread.run_sync(_picture, name, what, limiter=limiter)
        except RequestError:  # nothing is told of places that are none of the reader's business
            return _gone(request, who(request))
        return Response(data, media_type=kind, headers=HEADERS | {"Cache-Control": "private, max-age=300"})

    @router.post("/{name}")
    async def decide(
        request: Request,
        name: str,
        decision: Annotated[Decision, Form()],
        note: Annotated[str, Form()] = "",
        prompt: Annotated[str, Form()] = "",
    ) -> Response:
        _ensure_same_site(request)
        person = who(request)
        metadata = place.metadata_of(name, reviewed())
        if metadata is None:
            return _gone(request, person)
        result = await to_thread.run_sync(_decided, request, person, metadata, decision, note, prompt)
        if isinstance(result, Response):
            return result
        await _begin(metadata, result, person, submit)
        return RedirectResponse(f"/review/{name}", 303, HEADERS)

    return router


def _decided(
    request: Request, who: str, metadata: str, decision: Decision, note: str, prompt: str
) -> EditResult | Response:
    """The result with the decision carried out, or the page that says why it is not."""
    try:
        return reviews.decide(metadata, review_of(decision, who, note, prompt))
    except AlreadyDecided:
        return _item(request, who, metadata, 409, too_late=True)
    except RequestError as refusal:
        return _item(request, who, metadata, 422, wrong=str(refusal), note=note, prompt=prompt)
    except ValidationError as wrong:
        return _item(request, who, metadata, 422, wrong=problems(Review, wrong), note=note, prompt=prompt)


async def _begin(metadata: str, result: EditResult, who: str, submit: Submit) -> None:
    """Have the edit of a retry begun. A process that dies here has lost nothing: close-reviews begins it."""
    if retry := reviews.retry_due(metadata, result):
        run = await submit(retry, who)
        await to_thread.run_sync(reviews.retried, metadata, result, run)


def _list(request: Request, who: str, number: int) -> Response:
    found = _all_waiting()
    shown, pages = page_of(found, number, SIZE)
    now, days = datetime.now(UTC), settings().review_days
    items = []
    for one in shown:
        try:
            result = read_result(one.uri)
        except RequestError:  # decided and cleared away since it was listed
            continue
        items.append(
            {
                "id": place.id_of(one.uri),
                "outcome": result.outcome,
                "since": one.since,
                "age": _age(request, one.since, now),
                "overdue": is_overdue(one.since, now, days),
                "reasons": verdict_of(result).failures,
                "prompt": result.request.prompt,
            }
        )
    number = min(max(number, 1), pages)
    return page(request, "list.html", who, items=items, total=len(found), page=number, pages=pages)


def _item(request: Request, who: str, metadata: str, status: int = 200, **more: Any) -> Response:  # noqa: ANN401  see below
    """The page of one result; `more`: too_late, wrong, and what was typed: note, prompt."""
    try:
        result = reviews.finish(metadata)
    except RequestError:
        return _gone(request, who)
    is_open = result.review is None and result.outcome is not Outcome.ACCEPTED
    entry = listing.look(metadata)
    since = entry.changed if entry else result.finished
    verdict, now = verdict_of(result), datetime.now(UTC)
    others = [one.uri for one in _all_waiting() if one.uri != metadata] if not is_open else []
    content = {
        "id": place.id_of(metadata),
        "metadata": metadata,
        "result": result,
        "checks": verdict.checks,
        "failed": [check for check in verdict.checks if not check.passed],
        "open": is_open,
        "overdue": is_open and is_overdue(since, now, settings().review_days),
        "age": _age(request, since, now),
        "next": place.id_of(others[0]) if others else "",
        "note": "",
        "prompt": result.request.prompt,
        "wrong": "",
        "too_late": False,
    }
    return page(request, "item.html", who, status, **content | more)


def _picture(name: str, what: str) -> place.Picture:
    metadata = place.metadata_of(name, reviewed())
    if metadata is None:
        raise ImageError(f"{name!r} is no result in review")
    result: EditResult = reviews.finish(metadata)
    if what == "before":
        return place.before(result)
    shown = {"after": place.after, "sheet": place.sheet, "mask": place.mask, "small": place.small}.get(what)
    if shown is None:
        raise ImageError(f"a result has no {what!r}")
    return shown(metadata, result)


def _gone(request: Request, who: str) -> Response:
    return page(request, "notice.html", who, 404, text=words(language(request))["gone"])


def _all_waiting() -> list[Waiting]:
    found = [one for location in reviewed() for one in reviews.waiting(location)]
    return sorted(found, key=lambda one: one.since)


def _age(request: Request, since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    unit, length = next((one for one in UNITS if minutes >= one[1]), UNITS[-1])
    return str(words(language(request))[unit]).format(n=minutes // length)


def _ensure_same_site(request: Request) -> None:
    """Return for a form of these pages; raises `Refused` (403) for one that another site has the browser send."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    if site in {"same-origin", "none"} or (
        site is None and origin and urlsplit(origin).netloc == request.headers.get("host")
    ):
        return
    raise Refused(403, "cross_site", "decide on the review page itself: this request comes from another site or none")
