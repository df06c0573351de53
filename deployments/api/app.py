"""The API put together: its routes, what every request passes first, and what runs beside them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import PrefectHTTPStatusError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from deployments.api import edits, images, oneshot
from deployments.api.access import Gate, caller
from deployments.api.described import describe
from deployments.api.desk import Desk
from deployments.api.fields import ANY
from deployments.api.jobs import Jobs
from deployments.api.metrics import ApiMetrics
from deployments.api.problems import Refused, answer_problems
from deployments.api.resident import NAME, Residents
from deployments.api.review import review_routes
from deployments.api.settings import ApiSettings, keys_of
from deployments.api.watch import Watch
from deployments.api.webhooks import Teller
from flows.edit import edit_image
from flows.persistent import AsyncPersistent
from tasks import __version__
from tasks.domain.review import Retry

POOLED = "edit-image/edit-image"
"""The deployment whose runs workers do."""
THREADS = min(8, os.cpu_count() or 1)
"""Pictures decoded, encoded, read or written at once: each may take hundreds of megabytes."""
ABOUT = """Edits pictures by instruction, proves the result right, and gives only what passed. Every request is a run of
the Prefect flow edit-image. `POST /edit` answers with the picture, `POST /edits` with a job, `POST /v1/images/edits` as
OpenAI's API does."""


def create_app(settings: ApiSettings, here: int = 0, ready: Callable[[], None] = lambda: None) -> FastAPI:
    """The API. Edits go to the gpu pool of the Prefect server or, with `here`, to so many processes of this host.

    `ready` is called when it takes requests.
    """
    metrics, keys = ApiMetrics(), keys_of(settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(get_client(httpx_settings={"transport": AsyncPersistent()}))
            deployment = await (_own(client) if here else client.read_deployment_by_name(POOLED))
            jobs = Jobs(client, deployment, settings)
            watch = Watch(jobs)
            threads = stack.enter_context(ThreadPoolExecutor(THREADS, thread_name_prefix="pictures"))
            app.state.desk = Desk(settings, jobs, watch, threads)
            await stack.enter_async_context(watch.looking())
            if secret := settings.webhook_secret.get_secret_value():
                await stack.enter_async_context(Teller(jobs, secret).telling())
            if here:
                await stack.enter_async_context(Residents(client, deployment.id, here).at_work())
            ready()
            yield

    app = FastAPI(title="edit-flows", version=__version__, description=ABOUT, lifespan=life, redoc_url=None)
    answer_problems(app)
    describe(app, keyed=bool(keys))
    for routes in (oneshot.router, edits.router, images.router):
        app.include_router(routes)

    async def begin_again(retry: Retry, whose: str) -> str:
        run = await app.state.desk.jobs.submit(
            retry.request, whose, key=retry.key, output=retry.output, engine=retry.engine
        )
        return str(run.id)

    app.include_router(review_routes(caller, begin_again))

    @app.middleware("http")
    async def answer_absence(request: Request, further: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await further(request)
        except (httpx.HTTPError, PrefectHTTPStatusError) as away:
            detail = f"the Prefect server does not answer ({type(away).__name__}): ask again soon"
            return Refused(503, "prefect_away", detail, headers={"Retry-After": "5"}).response(request.url.path)

    app.add_middleware(Gate, settings=settings, keys=keys, metrics=metrics)

    @app.get(
        "/health",
        summary="Whether edits are taken",
        tags=["operation"],
        responses={503: {"description": "Prefect does not answer."}},
        openapi_extra={"security": []},
    )
    async def health(request: Request) -> Response:
        """200 when Prefect answers, 503 when it does not."""
        fault = await request.app.state.desk.jobs.client.api_healthcheck()
        told = {
            "status": "unavailable" if fault else "ready",
            "version": __version__,
            "edits": {"unfinished": request.app.state.desk.jobs.unfinished, "limit": settings.queue},
            "where": "here" if here else "gpu pool",
        }
        return JSONResponse(told, 503 if fault else 200, {"Retry-After": "5"} if fault else {})

    @app.get("/metrics", summary="For Prometheus", tags=["operation"], response_class=PlainTextResponse, responses=ANY)
    async def prometheus(request: Request) -> Response:
        """Counters and gauges in the text format of Prometheus."""
        metrics.jobs.set(request.app.state.desk.jobs.unfinished)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


async def _own(client: PrefectClient) -> DeploymentResponse:
    """A deployment of no pool, whose runs the API does itself."""
    made = await edit_image.ato_deployment(NAME, tags=["edit"], description="Edits asked for over HTTP.")
    return await client.read_deployment(await made.aapply())
