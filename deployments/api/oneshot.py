"""POST /edit: a picture in, the edited and checked picture out, in one call."""

from __future__ import annotations

from fastapi import APIRouter, Response

from deployments.api.answering import as_job, delivered, picture
from deployments.api.asking import request_of
from deployments.api.fields import ANY, PNG, WORK, Kind, Once, Picture, Place, Prefer, Prompt, Scale, Steps, Whose
from deployments.api.job import Job
from deployments.api.patience import patience

router = APIRouter(responses=ANY, tags=["edit"])
LATER: dict[int | str, dict[str, object]] = {202: {"model": Job, "description": "It takes longer: ask for it there."}}


@router.post("/edit", summary="Edit a picture", response_class=Response, responses=WORK | PNG | LATER)
async def edit(
    whose: Whose,
    place: Place,
    file: Picture,
    prompt: Prompt,
    edit_type: Kind = None,
    cfg_scale: Scale = None,
    steps: Steps = None,
    prefer: Prefer = "",
    idempotency_key: Once = "",
) -> Response:
    """The edited picture as PNG. One that passes no check is not given: 422 with every check.

    What takes longer than the server's patience, or than the Prefer header says, is answered as a job (202).
    """
    async with place.jobs.room(whose):
        kept = await place.keep(await file.read(), file.filename or "the picture")
        request = request_of(
            {
                "image": kept.uri,
                "prompt": prompt,
                "edit_type": edit_type,
                "cfg_scale": cfg_scale,
                "steps": steps,
            }
        )
        run = await place.jobs.submit(request, whose, key=idempotency_key)
    ended = await place.ended(run.id, patience(prefer, place.settings.patience))
    if ended is None:
        return as_job(await place.jobs.told(await place.jobs.client.read_flow_run(run.id)))
    return await picture(ended, await delivered(ended, place), place)
