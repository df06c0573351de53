"""The HTTP receiver: python -m deployments.events.receiver --port 8400.

S3 (by way of SNS or a function), MinIO and SeaweedFS send their notifications to POST /events. Exit codes: 0 stopped as
asked (SIGTERM, Ctrl-C), 1 error; errors are one line on standard error.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import Annotated

import uvicorn
from cyclopts import App, Parameter
from cyclopts.validators import Number
from fastapi import FastAPI, HTTPException, Request

from deployments.command import run
from deployments.events.announce import Announce, announce, served
from deployments.events.notices import MAX_BYTES, read_notices
from tasks import __version__
from tasks.domain.errors import RequestError, ServerError, SettingsError
from tasks.domain.models import Frozen
from tasks.engines.server.__main__ import is_loopback, listen
from tasks.inboxes import locations

app = App(
    name="python -m deployments.events.receiver",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="Bucket notifications over HTTP, announced to Prefect: POST /events, GET /health.",
)


class Taken(Frozen):
    """The answer to a notification."""

    announced: int


def create_app(tell: Announce, token: str | None) -> FastAPI:
    """The receiver. With a token, POST /events wants it as Authorization: Bearer.

    It answers only after Prefect has taken the events: a store that is answered 503 sends its notification again.
    """
    web = FastAPI(openapi_url=None)

    @web.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ready"}

    @web.post("/events")
    async def events(request: Request) -> Taken:
        if token and not shows(token, request.headers.get("authorization", "")):
            raise HTTPException(401, "show the receiver's token as Authorization: Bearer")
        try:
            concerned = served(read_notices(await _body(request)))
            await asyncio.to_thread(tell, concerned)
        except RequestError as refused:
            raise HTTPException(400, str(refused)) from refused
        except ServerError as fault:
            raise HTTPException(503, str(fault), headers={"Retry-After": "5"}) from fault
        return Taken(announced=len(concerned))

    return web


def shows(token: str, header: str) -> bool:
    """True when the header carries the token; how long that takes says nothing about it."""
    kind, _, shown = header.partition(" ")
    return kind.lower() == "bearer" and secrets.compare_digest(shown.strip().encode(), token.encode())


async def _body(request: Request) -> bytes:
    """The body; raises 413 as soon as it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"the limit is {MAX_BYTES} bytes")
    return bytes(body)


@app.default
def receive(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 8400,
    token: Annotated[str | None, Parameter(env_var="EDIT_FLOWS_RECEIVER_TOKEN")] = None,
) -> int:
    """Announce what stores send until told to stop.

    Args:
        host: Address to listen on; any but loopback needs a token.
        port: Port to listen on; 0 takes a free one.
        token: What stores must show as Authorization: Bearer. Others on this machine can read arguments, but not
            EDIT_FLOWS_RECEIVER_TOKEN.
    """
    if not token and not is_loopback(host):
        raise SettingsError(f"host {host!r} is open to the network: set EDIT_FLOWS_RECEIVER_TOKEN, or use 127.0.0.1")
    served_here = ", ".join(locations())
    listening = listen(host, port)
    name = f"[{host}]" if ":" in host else host
    print(f"ready: http://{name}:{listening.getsockname()[1]}/events for {served_here}", flush=True)  # noqa: T201
    config = uvicorn.Config(create_app(announce, token), log_level="warning", timeout_graceful_shutdown=10)
    uvicorn.Server(config).run(sockets=[listening])
    return 0


def main(arguments: list[str]) -> int:
    """Exit code of the receiver."""
    return run(app, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
