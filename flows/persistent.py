"""Asks a Prefect server again at once when its database was locked for a moment.

Prefect on SQLite answers 503 when two writes meet, and its own client then waits two seconds, then four, then eight. A
few hundredths of a second are mostly enough: give `httpx_settings={"transport": Persistent()}` to a client of Prefect.
"""

from __future__ import annotations

import asyncio
import time

import httpx

PAUSES = (0.02, 0.04, 0.08, 0.15, 0.3, 0.6, *[1.0] * 10)
"""Seconds before each further try; after the last, Prefect's own client goes on with its longer ones."""
LOCKED = 503


class Persistent(httpx.HTTPTransport):
    """For synchronous clients."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The server's answer; 503 only when it gave that again and again."""
        for pause in PAUSES:
            answer = super().handle_request(request)
            if answer.status_code != LOCKED:
                return answer
            answer.close()
            time.sleep(pause)
        return super().handle_request(request)


class AsyncPersistent(httpx.AsyncHTTPTransport):
    """For asynchronous clients."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The server's answer; 503 only when it gave that again and again."""
        for pause in PAUSES:
            answer = await super().handle_async_request(request)
            if answer.status_code != LOCKED:
                return answer
            await answer.aclose()
            await asyncio.sleep(pause)
        return await super().handle_async_request(request)
