"""From an edit to an answer: the picture, the job that will give it, or the reason why there is none."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import JSONResponse
from prefect.client.schemas.objects import FlowRun

from deployments.api.desk import Desk
from deployments.api.job import UNDONE, Job, failure, rejection, status_of
from deployments.api.problems import Refused
from tasks.domain.results import EditResult, Outcome
from tasks.storage import files

COME_BACK = "2"
"""Seconds after which it is worth asking how far an edit is."""
KINDS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


def as_job(job: Job) -> JSONResponse:
    """The job, where it lives, and when to ask again."""
    headers = {"Location": job.links["self"], "Retry-After": COME_BACK, "Preference-Applied": "respond-async"}
    return JSONResponse(job.model_dump(mode="json"), 202, headers)


async def given(run: FlowRun, place: Desk) -> EditResult:
    """What an edit gave; raises `Refused` (409) while it has given nothing, or says why it never will."""
    if status_of(run) in UNDONE:
        detail = f"the edit is not finished ({run.state_name}): see /edits/{run.id}"
        raise Refused(409, "unfinished", detail, edit=str(run.id), headers={"Retry-After": COME_BACK})
    result = await place.jobs.result(run)
    if result is None:
        problem = failure(run).problem
        raise Refused(409, problem.code, f"the edit has no result: {problem.detail}", edit=str(run.id))
    return result


async def delivered(run: FlowRun, place: Desk) -> EditResult:
    """What an edit gave, if it was accepted.

    Raises `Refused`: as the edit itself failed, or as `accepted` does.
    """
    result = await place.jobs.result(run)
    if result is None:
        raise failure(run)
    return accepted(run, result)


def accepted(run: FlowRun, result: EditResult) -> EditResult:
    """`result`, if it was accepted; raises `Refused`: 422 when nothing passed, 409 when a person has to approve it."""
    if result.outcome is Outcome.REJECTED:
        raise rejection(run, result)
    if result.outcome is not Outcome.ACCEPTED:
        detail = f"the picture passed every check and waits for a person's approval: see /edits/{run.id}"
        raise Refused(409, "approval_needed", detail, edit=str(run.id), headers={"Retry-After": "60"})
    return result


async def stored(place: Desk, uri: str) -> Response:
    """A file of a result."""
    data = await place.off_loop(lambda: files.read(uri))
    return Response(data, media_type=KINDS[uri.rpartition(".")[2]], headers={"Cache-Control": "private, max-age=3600"})


async def picture(run: FlowRun, result: EditResult, place: Desk) -> Response:
    """The picture of an accepted edit, and in the headers where to learn more of it."""
    answer = await stored(place, result.output.uri)
    answer.headers["X-Edit-Id"] = str(run.id)
    answer.headers["Link"] = f'</edits/{run.id}/metadata>; rel="describedby"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
