"""The fields that several routes take, each described once, and the problems any of them may answer with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, File, Form, Header, UploadFile

from deployments.api.access import caller
from deployments.api.described import SCHEMAS
from deployments.api.desk import Desk, desk
from deployments.api.problems import MEDIA
from tasks.domain.models import MAX_PROMPT, EditType

Whose = Annotated[str, Depends(caller)]
Place = Annotated[Desk, Depends(desk)]
Picture = Annotated[UploadFile, File(description="The picture to edit: PNG, JPEG, WebP, TIFF, BMP or GIF.")]
Prompt = Annotated[
    str,
    Form(
        min_length=1,
        max_length=MAX_PROMPT,
        description="What to change, in English, Korean or Chinese; text to replace or to write in quotes.",
        examples=["Change the text '안녕하세요' to '환영합니다' while maintaining the original font style"],
    ),
]
Kind = Annotated[EditType | None, Form(description="Kind of edit; empty: told by the instruction.")]
Scale = Annotated[float | None, Form(ge=1, le=20, description="Guidance of the first attempt; empty: the recipe's.")]
Steps = Annotated[int | None, Form(ge=1, le=200, description="Steps of the first attempt; empty: the recipe's.")]
Prefer = Annotated[str, Header(max_length=200, description="respond-async: a job at once; wait=N: after N seconds.")]
Once = Annotated[str, Header(alias="Idempotency-Key", max_length=255, description="Asked twice, it is done once.")]

Responses = dict[int | str, dict[str, Any]]


def _problem(about: str) -> dict[str, Any]:
    return {"description": about, "content": {MEDIA: {"schema": {"$ref": f"{SCHEMAS}Problem"}}}}


def in_openais_shape(responses: Responses) -> Responses:
    """The same problems as they are answered under /v1."""
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}OpenAIProblem"}}}
    return {status: {"description": told["description"], "content": content} for status, told in responses.items()}


ANY: Responses = {
    401: _problem("No key, or none of this API's."),
    403: _problem("A page of another site, or a name this machine does not go by."),
    422: _problem("A field is missing or has a wrong value."),
    503: _problem("Prefect, the store or the engine does not answer; Retry-After says when to come again."),
}
WORK: Responses = {
    400: _problem("A picture, mask or value cannot be used."),
    409: _problem("The Idempotency-Key was used for another request, or the edit was cancelled."),
    413: _problem("Larger than the limit."),
    422: _problem("A field is missing or has a wrong value, or no picture passed the checks."),
    429: _problem("Too many requests or unfinished edits; Retry-After says when to come again."),
    500: _problem("The engine failed."),
}
ONE: Responses = {
    404: _problem("There is no such edit of yours."),
    409: _problem("The edit is not in a state for this."),
}
JPEG: Responses = {200: {"content": {"image/jpeg": {}}}}
PNG: Responses = {200: {"content": {"image/png": {}}}}
PICTURE: Responses = {200: {"content": {"image/png": {}, "image/jpeg": {}, "image/webp": {}}}}
