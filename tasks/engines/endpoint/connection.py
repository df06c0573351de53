"""A connection to one server: requests are repeated while that may help, whatever comes back else is a named error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import stamina

from tasks.domain.errors import EngineBusy, EngineError, TransientError
from tasks.engines.endpoint.refusals import refusal
from tasks.engines.endpoint.settings import EndpointSettings

logger = logging.getLogger(__name__)

Part = tuple[str, tuple[str, bytes, str]]
"""A file of a form: field name, then file name, content and media type."""
T = TypeVar("T")

UNANSWERED = 3
"""Tries before a server that does not answer is given up, after a few seconds: the tasks of a flow come again later."""
SOONEST = 0.5
"""Seconds after which a busy server is asked again at the earliest, even if it says at once."""
CONNECT, WRITE = 10.0, 120.0
"""Seconds to connect, and to send one piece of a request."""


stamina.instrumentation.set_on_retry_hooks([])  # what is waited for is logged below, with the reason


class Connection:
    """Speaks to the server that the settings name. Callable from any thread."""

    def __init__(self, settings: EndpointSettings, passing: frozenset[int]) -> None:
        self.url = settings.url
        self.seconds = settings.timeout
        self._passing = passing
        key = settings.key.get_secret_value()
        self._client = httpx.Client(headers={"Authorization": f"Bearer {key}"} if key else {})

    def close(self) -> None:
        """Give back the sockets."""
        self._client.close()

    def patiently(self, ask: Callable[[float], T], seconds: float) -> T:
        """What `ask` returns, given the seconds that are left; asked again while the error may pass.

        A busy server is asked again when it says so, within `seconds`; one that does not answer a few times. Raises
        the last error: `EngineBusy`, `TransientError`, or at once whatever else `ask` raises.
        """
        until = time.monotonic() + seconds
        failures, told = 0, ""

        def wait(error: Exception) -> bool | float:
            nonlocal failures, told
            if isinstance(error, TransientError) and str(error) != told:  # each reason once, however often it is met
                told = str(error)
                logger.warning("%s; asking again for up to %.0f s", told, max(0.0, until - time.monotonic()))
            if isinstance(error, EngineBusy):
                pause = max(SOONEST, error.retry_after)
                return pause if time.monotonic() + pause < until else False
            failures += 1
            return isinstance(error, TransientError) and failures < UNANSWERED and time.monotonic() < until

        for attempt in stamina.retry_context(
            on=wait, attempts=None, timeout=seconds, wait_initial=0.5, wait_jitter=0.5
        ):
            with attempt:
                return ask(max(0.001, until - time.monotonic()))
        raise AssertionError("a retry context ends by returning or raising")

    def get(self, path: str, seconds: float) -> tuple[int, bytes]:
        """Status and body of what lies at the root of the server, whatever the status."""
        with self._faults(seconds):
            answer = self._client.get(f"{self.url.removesuffix('/v1')}{path}", timeout=_timeout(seconds))
            return answer.status_code, answer.content

    @contextmanager
    def edit(self, data: Mapping[str, str], files: Sequence[Part], seconds: float) -> Iterator[httpx.Response]:
        """The answer to a form posted to images/edits, not read yet; leaving closes it, which cancels the edit."""
        with (
            self._faults(seconds),
            self._client.stream(
                "POST", f"{self.url}/images/edits", data=data, files=list(files), timeout=_timeout(seconds)
            ) as answer,
        ):
            self.ensure_welcome(answer)
            yield answer

    def chat(self, document: Mapping[str, Any], seconds: float) -> bytes:
        """The body of the answer to a document posted to chat/completions."""
        with self._faults(seconds):
            answer = self._client.post(f"{self.url}/chat/completions", json=document, timeout=_timeout(seconds))
            self.ensure_welcome(answer)
            return answer.content

    def download(self, url: str, seconds: float) -> bytes:
        """What an answer's link leads to. Raises `EngineError` when that is another host than the server's."""
        home = httpx.URL(self.url)
        target = home.join(url)
        if (target.scheme, target.host, target.port) != (home.scheme, home.host, home.port):
            raise EngineError(f"{self.url} answers with a link to {target.host!r}, another host: it is not followed")
        with self._faults(seconds):
            answer = self._client.get(target, timeout=_timeout(seconds))
            self.ensure_welcome(answer)
            return answer.content

    def ensure_welcome(self, answer: httpx.Response) -> None:
        """Return when the server did as asked; raises what its refusal means."""
        if answer.is_success:
            return
        body = answer.read()
        raise refusal(answer.status_code, answer.headers, body, server=self.url, passing=self._passing)

    @contextmanager
    def _faults(self, seconds: float) -> Iterator[None]:
        """Faults of the network as errors of this project."""
        try:
            yield
        except httpx.ConnectError as nobody:
            raise TransientError(
                f"no server answers at {self.url} ({nobody}): start it (python -m tasks.engines.server) or set "
                "EDIT_FLOWS_ENDPOINT_URL"
            ) from nobody
        except httpx.TimeoutException as slow:
            raise TransientError(
                f"{self.url} was not done after {seconds:.3g} seconds: give it longer (EDIT_FLOWS_ENDPOINT_TIMEOUT)"
            ) from slow
        except httpx.RequestError as fault:
            raise TransientError(f"the connection to {self.url} broke off ({fault})") from fault


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(CONNECT, seconds), write=min(WRITE, seconds))
