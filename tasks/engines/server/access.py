"""What every request passes on its way in: it is counted, may be no larger than the limit, and shows its token."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.engines.server.errors import CLIENT_LEFT, INVALID, Problem, problem
from tasks.engines.server.metrics import Metrics

MAX_BODY = 256 * 1024 * 1024
"""Bytes of a request."""
OPEN = frozenset({"/health"})
"""Answered without a token: probes have none."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Gate:
    """Lets a request through to `app`, or answers it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str | None) -> None:
        self._app = app
        self._metrics = metrics
        self._token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_LEFT

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            refused = self._refusal(scope["path"], Headers(scope=scope))
            if refused is not None:
                self._metrics.errors.labels(refused.code).inc()
                await refused.response()(scope, receive, telling)
            else:
                await self._app(scope, bounded(receive, MAX_BODY), telling)
        except Exception:
            status = 500  # answered further out, where what nobody foresaw ends
            raise
        finally:
            route = getattr(scope.get("route"), "path", "other")  # never the path itself: anybody could make up many
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.count(method, route, status)

    def _refusal(self, path: str, headers: Headers) -> Problem | None:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        right = scheme.lower() == "bearer" and secrets.compare_digest(
            shown.strip().encode("latin-1"), self._token or b""
        )
        if self._token is not None and path not in OPEN and not right:
            said = "Incorrect API key provided" if shown else "No API key provided"
            told = problem(
                401, f"{said}: send the server's token as Authorization: Bearer.", INVALID, "invalid_api_key"
            )
            told.headers["WWW-Authenticate"] = "Bearer"
            return told
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > MAX_BODY:
            return problem(413, too_large(MAX_BODY), INVALID, "request_too_large")
        return None


def too_large(most: int) -> str:
    """What is said to a request of more than `most` bytes."""
    return f"the request is larger than {most // 2**20} MiB: send smaller pictures"


def bounded(receive: Receive, most: int) -> Receive:
    """`receive` that ends a request whose body turns out to have more than `most` bytes."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, too_large(most))
        return message

    return counting
