"""Edits as jobs: ask for one, see how far it is, take what it gave, cancel it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import Json

from deployments.api.answering import accepted, as_job, given, picture, stored
from deployments.api.asking import ensure_told, request_of, source_of
from deployments.api.fields import (
    ANY,
    JPEG,
    ONE,
    PICTURE,
    PNG,
    WORK,
    Kind,
    Once,
    Place,
    Prompt,
    Scale,
    Steps,
    Whose,
)
from deployments.api.job import Job, Status
from deployments.api.problems import Refused
from tasks.domain.models import MAX_SEED, Frozen, Label, OutputFormat, Quality
from tasks.domain.results import EditResult

router = APIRouter(responses=ANY, tags=["edits"])


class Page(Frozen):
    """Some edits, the youngest first."""

    edits: tuple[Job, ...]


@router.post("/edits", status_code=202, response_model=Job, summary="Ask for an edit", responses=WORK)
async def ask(
    whose: Whose,
    place: Place,
    prompt: Prompt,
    file: Annotated[UploadFile | None, File(description="The picture to edit.")] = None,
    image: Annotated[str, Form(description="Instead of a file: URI of a picture in a place this API reads.")] = "",
    mask: Annotated[UploadFile | None, File(description="Same size; white where the edit may change pixels.")] = None,
    references: Annotated[list[UploadFile] | None, File(description="Further pictures, such as a logo.")] = None,
    edit_type: Kind = None,
    quality: Annotated[Quality, Form(description="Whether a draft may do (auto), where there are any.")] = Quality.AUTO,
    cfg_scale: Scale = None,
    steps: Steps = None,
    seed: Annotated[int | None, Form(ge=0, lt=MAX_SEED, description="Of the first attempt; empty: derived.")] = None,
    output_format: Annotated[OutputFormat, Form(description="Format of the result.")] = OutputFormat.PNG,
    label: Annotated[Label | None, Form(description="Language of a visible label, or none; empty: as set.")] = None,
    keep_exif: Annotated[bool, Form(description="Whether the picture's own EXIF stays in the result.")] = False,  # noqa: FBT002  a field
    priority: Annotated[int, Form(ge=0, le=9, description="Higher runs earlier.")] = 1,
    approval: Annotated[bool, Form(description="Whether a person must approve the result.")] = False,  # noqa: FBT002  a field
    labels: Annotated[
        Json[dict[str, str]] | None, Form(description="Your own, kept in the metadata.", examples=['{"sku": "A-17"}'])
    ] = None,
    webhook: Annotated[str, Form(max_length=2000, description="URL that is told when the edit has ended.")] = "",
    idempotency_key: Once = "",
) -> JSONResponse:
    """The job that does the edit. It goes on whatever becomes of the connection: ask for it by its id."""
    ensure_told(webhook, place)
    async with place.jobs.room(whose):
        further = [await place.keep(await one.read(), one.filename or "a reference") for one in references or ()]
        source = await source_of(place, file, image)
        stencil = await place.keep_mask(await mask.read(), mask.filename or "the mask", source.size) if mask else None
        request = request_of(
            {
                "image": source.uri,
                "prompt": prompt,
                "edit_type": edit_type,
                "mask": stencil,
                "references": tuple(kept.uri for kept in further),
                "seed": seed,
                "quality": quality,
                "cfg_scale": cfg_scale,
                "steps": steps,
                "output_format": output_format,
                "label": label,
                "keep_exif": keep_exif,
                "priority": priority,
                "approval": approval,
                "metadata": labels or {},
            }
        )
        run = await place.jobs.submit(request, whose, key=idempotency_key, webhook=webhook)
    return as_job(await place.jobs.told(run))


@router.get("/edits", summary="Your edits")
async def listed(
    whose: Whose,
    place: Place,
    status: Annotated[Status | None, Query(description="Only those.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Page:
    """The edits asked for with your key, the youngest first."""
    return Page(edits=await place.jobs.listed(whose, status, limit, offset))


@router.get("/edits/{edit}", summary="How far an edit is", responses=ONE)
async def told(edit: UUID, whose: Whose, place: Place) -> Job:
    """Status, progress and, once there is one, the verdict."""
    return await place.jobs.told(await place.jobs.find(edit, whose))


@router.post("/edits/{edit}/cancel", summary="Cancel an edit", responses=ONE | {429: WORK[429]})
async def cancelled(edit: UUID, whose: Whose, place: Place) -> Job:
    """The edit, told to stop: at once while it waits, within seconds when it runs."""
    return await place.jobs.told(await place.jobs.cancel(await place.jobs.find(edit, whose)))


@router.get("/edits/{edit}/image", summary="The picture", response_class=Response, responses=ONE | PICTURE)
async def image_of(edit: UUID, whose: Whose, place: Place) -> Response:
    """The picture, accepted by every check or by a person. One that was rejected is told of (422), never given."""
    run = await place.jobs.find(edit, whose)
    return await picture(run, accepted(run, await given(run, place)), place)


@router.get("/edits/{edit}/metadata", summary="Everything asked, tried and measured", responses=ONE)
async def metadata(edit: UUID, whose: Whose, place: Place) -> EditResult:
    """The metadata, as it is stored beside the picture."""
    return await given(await place.jobs.find(edit, whose), place)


@router.get("/edits/{edit}/sheet", summary="Before and after", response_class=Response, responses=ONE | JPEG)
async def sheet(edit: UUID, whose: Whose, place: Place) -> Response:
    """Source and result side by side; of a rejected edit with what is wrong marked."""
    run = await place.jobs.find(edit, whose)
    return await stored(place, (await given(run, place)).sheet_uri)


@router.get("/edits/{edit}/mask", summary="Where it may differ", response_class=Response, responses=ONE | PNG)
async def mask_of(edit: UUID, whose: Whose, place: Place) -> Response:
    """Black where every pixel equals the source's; 404 for edits of the whole picture."""
    run = await place.jobs.find(edit, whose)
    uri = (await given(run, place)).mask_uri
    if not uri:
        raise Refused(404, "no_mask", "the edit was free to change the whole picture: it has no mask", edit=str(edit))
    return await stored(place, uri)
