"""The API put together: its routes, what every request passes first, and what runs beside them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from deployments.api import edits, images, oneshot, operation
from deployments.api.access import Gate, caller
from deployments.api.described import describe
from deployments.api.desk import Desk
from deployments.api.jobs import Jobs
from deployments.api.metrics import ApiMetrics
from deployments.api.problems import answer_problems
from deployments.api.residents import Residents
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


def create_app(
    settings: ApiSettings, here: int = 0, name: str = "api", ready: Callable[[], None] = lambda: None
) -> FastAPI:
    """The API. Edits go to the gpu pool of the Prefect server or, with `here`, to so many processes of this host.

    These do the runs of the deployment edit-image/`name`: no two APIs of a server may do those of one. `ready` is
    called when it takes requests.
    """
    metrics, keys = ApiMetrics(), keys_of(settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(get_client(httpx_settings={"transport": AsyncPersistent()}))
            deployment = await (_own(client, name) if here else client.read_deployment_by_name(POOLED))
            jobs = Jobs(client, deployment, settings)
            watch = Watch(jobs)
            threads = stack.enter_context(ThreadPoolExecutor(THREADS, thread_name_prefix="pictures"))
            app.state.desk = Desk(settings, jobs, watch, threads)
            await stack.enter_async_context(watch.looking())
            if secret := settings.webhook_secret.get_secret_value():
                await stack.enter_async_context(Teller(jobs, secret).telling())
            if here:
                await stack.enter_async_context(Residents(jobs, here).at_work())
            ready()
            yield

    app = FastAPI(title="edit-flows", version=__version__, description=ABOUT, lifespan=life, redoc_url=None)
    app.state.metrics = metrics
    answer_problems(app)
    describe(app, keyed=bool(keys))
    for routes in (oneshot.router, edits.router, images.router, operation.router):
        app.include_router(routes)

    async def begin_again(retry: Retry, whose: str) -> str:
        run = await app.state.desk.jobs.submit(
            retry.request, whose, key=retry.key, output=retry.output, engine=retry.engine
        )
        return str(run.id)

    app.include_router(review_routes(caller, begin_again))

    async def ensure_room(whose: str) -> None:
        await app.state.desk.jobs.ensure_room(whose)

    app.add_middleware(Gate, settings=settings, keys=keys, metrics=metrics, ensure_room=ensure_room)

    return app


async def _own(client: PrefectClient, name: str) -> DeploymentResponse:
    """A deployment of no pool, whose runs the API does itself."""
    made = await edit_image.ato_deployment(name, tags=["edit"], description="Edits asked for over HTTP.")
    with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 5}):  # nobody waits for an answer yet
        return await client.read_deployment(await made.aapply())
