"""POST /v1/images/edits, as OpenAI's: it gives what passed every check, and tells of what did not with its verdict."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT
from prefect.client.schemas.objects import FlowRun

from deployments.api.answering import as_job, delivered
from deployments.api.asking import request_of
from deployments.api.desk import Desk
from deployments.api.fields import ANY, WORK, Once, Place, Prefer, Whose, in_openais_shape
from deployments.api.job import Job
from deployments.api.patience import patience
from deployments.api.problems import Refused, refusal_of
from deployments.api.uploads import Kept, copy_as
from tasks.domain.errors import EditFlowError
from tasks.domain.models import MAX_SEED, EditRequest, Quality
from tasks.domain.results import EditResult
from tasks.engines.server.answers import USAGE, event
from tasks.engines.server.errors import BadField
from tasks.engines.server.form import Upload, form_of
from tasks.engines.server.order import EditOrder, Sent, understand
from tasks.engines.server.sitting import ensure_undistorted
from tasks.storage import files

MODEL = "edit-flows"
"""The only model: which engine works behind it is not the client's concern."""
NEWS = 0.5
"""Seconds between two looks at an edit whose client reads its progress."""
UNUSED = ("negative_prompt", "deadline", "adapter")
"""Fields of the engine server that a checked edit decides itself."""

router = APIRouter(responses=in_openais_shape(ANY), tags=["OpenAI"])

BEST = {"high", "hd", "full"}
"""What a client calls a quality for which no draft will do; with every other one it may."""

FILES = {"type": "string", "format": "binary"}
FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image", "prompt"],
                "properties": {
                    "image": FILES | {"description": "The picture to edit; image[] for it and references after it."},
                    "mask": FILES
                    | {"description": "PNG of the same size, transparent where the edit may change pixels."},
                    "prompt": {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": r"\S"},
                    "n": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
                    "size": {"type": "string", "enum": ["auto"], "description": "Or WxH of the picture's own shape."},
                    "output_format": {"type": "string", "enum": ["png", "jpeg", "webp"]},
                    "stream": {"type": "boolean", "default": False},
                    "quality": {"type": "string", "description": f"{', '.join(sorted(BEST))}: without a draft."},
                    "steps": {"type": "integer", "minimum": 1, "maximum": 200},
                    "cfg": {"type": "number", "minimum": 1, "maximum": 20},
                    "seed": {"type": "integer", "minimum": 0, "maximum": MAX_SEED - 1},
                    "edit_type": {"type": "string", "enum": ["semantic", "appearance", "text", "hybrid"]},
                    "priority": {"type": "integer", "minimum": 0, "maximum": 9},
                },
            }
        }
    },
}
PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The pictures, in base64.", "content": {"application/json": {}, "text/event-stream": {}}},
    202: {"model": Job, "description": "It takes longer: ask for it there."},
}


@router.get("/v1/models", summary="What can be asked for")
async def models() -> dict[str, Any]:
    """One model, as OpenAI lists them."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}


@router.post(
    "/v1/images/edits",
    summary="Edit a picture, as OpenAI's API does",
    response_class=Response,
    responses=in_openais_shape(WORK) | PICTURES,
    openapi_extra={"requestBody": FORM},
)
async def images_edits(
    request: Request, whose: Whose, place: Place, prefer: Prefer = "", idempotency_key: Once = ""
) -> Response:
    """The pictures that passed every check; 422 with the verdict when none did.

    The first picture is edited, further ones are shown to the engine. Any `model` is taken. With `stream=true` the
    progress is told, then each picture.
    """
    async with form_of(request) as form:
        sent = understand(form)
        order = sent.order
        for name in UNUSED:
            if getattr(order, name):
                raise BadField(f"{name} cannot be chosen here: a checked edit decides it", name)
        runs = []
        asked = await _requests(sent, place)
        for index, one in enumerate(asked):
            async with place.jobs.room(whose):
                runs.append(
                    await place.jobs.submit(one, whose, key=f"{idempotency_key} {index}" if idempotency_key else "")
                )
    seconds = patience(prefer, place.settings.patience)
    if order.stream and seconds > 0:
        return StreamingResponse(
            _events(runs, order, place), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
    ended = await asyncio.gather(*(place.ended(run.id, seconds) for run in runs))
    done = [run for run in ended if run is not None]
    if len(done) < len(runs):
        return as_job(await place.jobs.told(await place.jobs.client.read_flow_run(runs[0].id)))
    made, refused = [], []
    for run in done:
        try:
            made.append((run, await delivered(run, place)))
        except Refused as problem:
            refused.append(problem)
    if not made:
        raise refused[0]
    return JSONResponse(
        {
            "created": int(time.time()),
            "data": [{"b64_json": await _encoded(result, order, place)} for _, result in made],
            **_described(made[0][1], order),
            "edits": [str(run.id) for run, _ in made],
            "refused": [problem.problem.model_dump(mode="json", exclude_none=True) for problem in refused],
        }
    )


async def _requests(sent: Sent, place: Desk) -> list[EditRequest]:
    """What is asked of the runs, one for each picture wanted."""

    async def kept(upload: Upload) -> Kept:
        return await place.keep(await place.off_loop(upload.read), upload.name)

    order = sent.order
    source = await kept(sent.source)
    ensure_undistorted(order.size or source.size, source.size)
    mask = None
    if sent.mask:
        mask = await place.keep_mask(await place.off_loop(sent.mask.read), sent.mask.name, source.size)
    references = tuple([(await kept(upload)).uri for upload in sent.references])
    fields = {
        "image": source.uri,
        "prompt": order.prompt,
        "edit_type": order.edit_type,
        "mask": mask,
        "references": references,
        "quality": Quality.FULL if order.quality in BEST else Quality.AUTO,
        "cfg_scale": order.cfg,
        "steps": order.steps,
        "output_format": order.output_format,
        "priority": order.priority,
    }
    # every further picture differs by its seed alone
    seeds = [order.seed if index == 0 else (order.seed or 0) + index for index in range(order.n)]
    return [request_of(fields | {"seed": seed}) for seed in seeds]


async def _encoded(result: EditResult, order: EditOrder, place: Desk) -> str:
    """The picture in base64, at the size that was asked for."""
    data = await place.off_loop(partial(files.read, result.output.uri))
    if order.size is not None and order.size != (result.output.width, result.output.height):
        data = await place.off_loop(partial(copy_as, data, order.size, order.output_format))
    return base64.b64encode(data).decode()


def _described(result: EditResult, order: EditOrder) -> dict[str, Any]:
    width, height = order.size or (result.output.width, result.output.height)
    return {
        "output_format": order.output_format.value,
        "size": f"{width}x{height}",
        "background": "auto",
        "quality": "auto",
        "usage": USAGE,
    }


async def _events(runs: list[FlowRun], order: EditOrder, place: Desk) -> AsyncIterator[bytes]:
    """What becomes of the edits, as it happens; the last event of each brings its picture or says why there is none."""
    for index, run in enumerate(runs):
        try:
            async for piece in _progress(run.id, index, place):
                yield piece
            ended = await place.jobs.client.read_flow_run(run.id)
            result = await delivered(ended, place)
            picture = await _encoded(result, order, place)
        except Refused as problem:
            yield event("error", **problem.openai().model_dump(mode="json"))
        except EditFlowError as error:
            yield event("error", **refusal_of(error, str(run.id)).openai().model_dump(mode="json"))
        else:
            told = _described(result, order) | {"created_at": int(time.time()), "index": index, "edit": str(run.id)}
            yield event("image_edit.completed", b64_json=picture, **told)


async def _progress(edit: UUID, index: int, place: Desk) -> AsyncIterator[bytes]:
    """Events of an edit until it has ended."""
    told, silent = None, 0.0
    yield event("image_edit.queued", edit=str(edit), index=index)
    while not await place.watch.wait(edit, NEWS):
        job = await place.jobs.told(await place.jobs.client.read_flow_run(edit))
        if (job.status, job.progress) != told:
            told, silent = (job.status, job.progress), 0.0
            yield event("image_edit.progress", edit=str(edit), index=index, status=job.status, progress=job.progress)
        elif (silent := silent + NEWS) >= 15:
            silent = 0.0
            yield KEEPALIVE_COMMENT
