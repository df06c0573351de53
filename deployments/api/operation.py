"""For those who run it: is it well, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from deployments.api.fields import ANY, Place
from tasks import __version__

router = APIRouter(tags=["operation"])


@router.get(
    "/health",
    summary="Whether edits are taken",
    responses={503: {"description": "Prefect does not answer."}},
    openapi_extra={"security": []},
)
async def health(place: Place) -> Response:
    """200 when Prefect answers, 503 when it does not."""
    fault = await place.jobs.client.api_healthcheck()
    told = {
        "status": "unavailable" if fault else "ready",
        "version": __version__,
        "edits": {"unfinished": place.jobs.unfinished, "limit": place.settings.queue},
        "where": "gpu pool" if place.jobs.deployment.work_pool_name else "here",
    }
    return JSONResponse(told, 503 if fault else 200, {"Retry-After": "5"} if fault else {})


@router.get("/metrics", summary="For Prometheus", response_class=PlainTextResponse, responses=ANY)
async def prometheus(request: Request, place: Place) -> Response:
    """Counters and gauges in the text format of Prometheus."""
    metrics = request.app.state.metrics
    metrics.jobs.set(place.jobs.unfinished)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
