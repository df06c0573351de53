"""The review page on a real server, without the rest of the API: who decides and what a retry begins are told here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, Request

from deployments.api.problems import answer_problems
from deployments.api.review import review_routes
from tasks.domain.review import Retry
from tasks.engines.server.__main__ import listen


class Site:
    """The page, and the retries it asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.retries: list[tuple[Retry, str]] = []
        self.who = "kim"

    async def submit(self, retry: Retry, who: str) -> str:
        self.retries.append((retry, who))
        return f"run-{len(self.retries)}"

    def caller(self, request: Request) -> str:
        return request.headers.get("x-test-user", self.who)


@contextmanager
def reviewing() -> Iterator[Site]:
    """The page at a free port of loopback."""
    with listen("127.0.0.1", 0) as listening:
        site = Site(f"http://127.0.0.1:{listening.getsockname()[1]}")
        app = FastAPI()
        answer_problems(app)
        app.include_router(review_routes(site.caller, site.submit))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield site
        finally:
            server.should_exit = True
            thread.join()
