"""From the fields of a form to a request that a run can be given: nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from fastapi import UploadFile
from pydantic import ValidationError

from deployments.api.desk import Desk
from deployments.api.problems import FieldProblem, Refused
from deployments.api.uploads import Kept, ensure_listed
from tasks.domain.errors import RequestError
from tasks.domain.models import EditRequest

MAX_LABELS = 50
"""Labels of one edit."""
MAX_LABEL = 500
"""Characters of a label's name or value."""


async def source_of(place: Desk, file: UploadFile | None, image: str) -> Kept:
    """The picture: the uploaded one, or the one that was named. Raises `Refused` (422), `ImageError`."""
    if (file is None) == (not image):
        raise _wrong("file", "send a picture as file, or name one as image: exactly one of the two")
    if file is not None:
        return await place.keep(await file.read(), file.filename or "the picture")
    try:
        uri = ensure_listed(image, place.settings.sources)
    except (RequestError, ValueError) as refused:
        raise _wrong("image", str(refused)) from None
    return await place.look(uri)


def request_of(fields: Mapping[str, object]) -> EditRequest:
    """The request; raises `Refused` (422) naming the field that has a wrong value."""
    labels = fields.get("metadata")
    if isinstance(labels, dict):
        long = [name for name, value in labels.items() if max(len(name), len(value)) > MAX_LABEL]
        if len(labels) > MAX_LABELS or long:
            raise _wrong("labels", f"at most {MAX_LABELS} labels of at most {MAX_LABEL} characters are kept")
    try:
        return EditRequest.model_validate(fields)
    except ValidationError as wrong:
        found = wrong.errors()[0]
        name = ".".join(map(str, found["loc"])) or "request"
        raise _wrong(name, found["msg"].removeprefix("Value error, ")) from None


def ensure_told(url: str, place: Desk) -> None:
    """Return for no webhook, or one that may be told; raises `Refused` (422) otherwise."""
    if not url:
        return
    if not place.settings.webhook_secret.get_secret_value():
        raise _wrong(
            "webhook", "this API tells nobody: EDIT_FLOWS_API_WEBHOOK_SECRET is not set; ask for the edit by id"
        )
    listed = url.startswith(place.settings.webhooks) and _led_to(url).startswith(place.settings.webhooks)
    if not listed or "\\" in url or "%2e" in url.lower() or not url.isprintable():
        raise _wrong("webhook", f"{url[:200]!r} is none of the places this API tells (EDIT_FLOWS_API_WEBHOOKS)")


def _led_to(url: str) -> str:
    """Where the client that calls a URL goes, .. followed; empty for what it cannot call."""
    try:
        return str(httpx.URL(url))
    except (httpx.InvalidURL, ValueError):
        return ""


def _wrong(field: str, detail: str) -> Refused:
    return Refused(422, "invalid_value", f"{field}: {detail}", fields=(FieldProblem(field=field, detail=detail),))
