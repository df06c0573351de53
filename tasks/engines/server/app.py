"""The routes of the engine server; every answer that is an error has OpenAI's shape."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tasks.engines.server.access import Gate
from tasks.engines.server.chat import chat
from tasks.engines.server.edits import edit
from tasks.engines.server.errand import Workplace
from tasks.engines.server.faults import answer_errors
from tasks.engines.server.host import Host, State
from tasks.engines.server.metrics import Metrics
from tasks.machine import gpu

THREADS = min(8, os.cpu_count() or 1)
"""Pictures decoded or encoded at once: each may take gigabytes at the size limit."""
GRACE = 30.0
"""Seconds the running edit is given to finish when the server stops without its command line having asked."""


def create_app(host: Host, token: str | None = None) -> FastAPI:
    """The server of one host, which it starts and stops. With a token, everything but /health asks for it."""
    metrics = Metrics(host)
    begun = time.time()
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pictures")
    place = Workplace(host, threads, metrics)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        host.start()
        yield
        await asyncio.to_thread(host.stop, GRACE)
        threads.shutdown(wait=False, cancel_futures=True)

    app = FastAPI(lifespan=life, openapi_url=None)
    app.add_middleware(Gate, metrics=metrics, token=token)
    answer_errors(app, metrics)

    @app.post("/v1/images/edits")
    async def images_edits(request: Request) -> Response:
        return await edit(request, place)

    @app.post("/v1/chat/completions")
    async def chat_completions(request: Request) -> Response:
        return JSONResponse(await chat(request, place))

    @app.get("/v1/models")
    async def models() -> Response:
        serving = host.serving
        served = [serving.identity.model] if serving else []
        data = [{"id": name, "object": "model", "created": int(begun), "owned_by": "edit-flows"} for name in served]
        return JSONResponse({"object": "list", "data": data})

    @app.get("/health")
    async def health() -> Response:
        ready = host.state is State.READY
        return JSONResponse(_health(host, metrics, begun), 200 if ready else 503, {} if ready else {"Retry-After": "5"})

    @app.get("/metrics")
    async def prometheus() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _health(host: Host, metrics: Metrics, begun: float) -> dict[str, object]:
    """How the server is, for programs and people."""
    device, serving = gpu.own(), host.serving
    return {
        "status": host.state.value,
        "engine": serving.identity.model_dump(mode="json") if serving else None,
        "traits": serving.traits.model_dump(mode="json") if serving else None,
        "vision": bool(serving and serving.vision),
        "device": device.model_dump(exclude={"index", "power"}) if device else {"name": "cpu"},
        "queue": {"waiting": host.waiting, "running": host.running, "limit": host.limit},
        "uptime_seconds": round(time.time() - begun, 1),
        "requests": {"total": metrics.served, "errors": metrics.failed},
        "error": host.error,
    }
