"""What every request passes on its way in: where it comes from, how large it is, whose it is, how many there were."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request
from limits import parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.api.metrics import ApiMetrics
from deployments.api.problems import Refused
from deployments.api.settings import ApiSettings, Key
from tasks.engines.server.access import METHODS, bounded, too_large
from tasks.engines.server.errors import CLIENT_LEFT

OPEN = frozenset({"/health", "/openapi.json", "/docs"})
"""Answered without a key: probes have none, and what the API can do is no secret."""
PAGES = "/review"
"""For browsers, which ask their user for name and secret when told to."""
WORK = frozenset({"POST"})
"""Methods that make work: only these count against the rate."""
Admit = Callable[[str], Awaitable[None]]
"""Returns when the key may ask for an edit; raises `Refused` otherwise."""
NOBODY = "local"
"""Whose a request is where no keys are set."""
HOME = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What this machine calls itself."""
EDITS = frozenset({"/edit", "/edits", "/v1/images/edits"})
"""Where edits are asked for: a full queue refuses before the body is read."""


def caller(request: Request) -> str:
    """Name of the key that a request has shown."""
    name: str = request.state.caller
    return name


class Gate:
    """Lets a request through to `app`, or answers it."""

    def __init__(
        self, app: ASGIApp, settings: ApiSettings, keys: Sequence[Key], metrics: ApiMetrics, ensure_room: Admit
    ) -> None:
        self._app = app
        self._settings = settings
        self._keys = tuple(keys)
        self._metrics = metrics
        self._ensure_room = ensure_room
        self._rate = parse(settings.rate)
        store = storage_from_string(_asynchronous(settings.rate_store))
        self._limiter = MovingWindowRateLimiter(store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), CLIENT_LEFT

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            refused = await self._refusal(scope, Headers(scope=scope))
            if refused is not None:
                await refused.response(scope["path"])(scope, receive, telling)
            else:
                await self._app(scope, bounded(receive, self._settings.max_bytes), telling)
        except Exception:
            status = 500  # answered further out, where what nobody foresaw ends
            raise
        finally:
            route = getattr(scope.get("route"), "path", "other")  # never the path itself: anybody could make up many
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.count(method, route, status, time.perf_counter() - begun)

    async def _refusal(self, scope: Scope, headers: Headers) -> Refused | None:
        """Why the request is not let in; None when it is."""
        if (refused := self._unfit(scope["method"], headers)) is not None:
            return refused
        name = self._name(headers.get("authorization", "")) if self._keys else NOBODY
        if name is None and scope["path"] not in OPEN:
            scheme = 'Basic realm="edit-flows", charset="UTF-8"' if scope["path"].startswith(PAGES) else "Bearer"
            detail = "show a key of this API as Authorization: Bearer SECRET"
            return Refused(401, "no_key", detail, headers={"WWW-Authenticate": scheme})
        scope.setdefault("state", {})["caller"] = name or NOBODY
        if scope["method"] not in WORK:
            return None
        if scope["path"] in EDITS:
            try:
                await self._ensure_room(name or NOBODY)
            except Refused as full:
                return full
        return await self._too_many(name or NOBODY, scope)

    def _unfit(self, method: str, headers: Headers) -> Refused | None:
        """Why nobody may send such a request."""
        if not self._keys and _host(headers.get("host", "")) not in HOME:  # a name made to point here, by a web page
            return Refused(403, "foreign_host", "this API has no keys and answers to localhost only: set keys")
        if method not in {"GET", "HEAD", "OPTIONS"} and headers.get("sec-fetch-site") == "cross-site":
            return Refused(403, "cross_site", "a page of another site may not send this")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._settings.max_bytes:
            return Refused(413, "too_large", too_large(self._settings.max_bytes))
        return None

    async def _too_many(self, name: str, scope: Scope) -> Refused | None:
        """Why the key has to wait with further work: without keys every address counts by itself."""
        whose = name if self._keys else (scope.get("client") or ("",))[0]
        if await self._limiter.hit(self._rate, whose):
            return None
        again, _ = await self._limiter.get_window_stats(self._rate, whose)
        wait = max(1, math.ceil(again - time.time()))
        detail = f"more than {self._rate}: ask again in {wait} s"
        return Refused(429, "rate_exceeded", detail, headers={"Retry-After": str(wait)})

    def _name(self, authorization: str) -> str | None:
        """Whose key is shown; how long that takes says nothing about the keys."""
        scheme, _, shown = authorization.partition(" ")
        secret = shown.strip()
        if scheme.lower() == "basic":
            try:
                secret = base64.b64decode(secret, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return None
        elif scheme.lower() != "bearer":
            return None
        digest = hashlib.sha256(secret.encode(errors="surrogateescape")).digest()
        right = [key.name for key in self._keys if secrets.compare_digest(digest, key.digest)]
        return right[0] if right else None


def _asynchronous(store: str) -> str:
    return store if store.startswith("async+") else f"async+{store}"


def _host(header: str) -> str:
    """A host without its port."""
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdecimal() else header
