"""The command line: python -m tasks.engines.server --engine classical --port 8300.

Exit codes: 0 stopped as asked (SIGTERM, Ctrl-C), 1 error; errors are one line on standard error.
"""

# ruff: noqa: T201  a command line prints
from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import sys
import threading
from types import FrameType
from typing import Annotated

import uvicorn
from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from tasks import __version__
from tasks.domain.errors import EditFlowError, SettingsError, UnknownEngine
from tasks.engines.registry import ENGINES, get_engine
from tasks.engines.server.app import create_app
from tasks.engines.server.host import Host, State

FINISHING = 10
"""Seconds answers are given to be sent after the last edit."""

app = App(
    name="python -m tasks.engines.server",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="An engine behind OpenAI's images API: POST /v1/images/edits, GET /health, GET /metrics.",
)


class Server(uvicorn.Server):
    """Ends gently at the first signal: takes no more work and finishes the running edit. A second ends it at once."""

    def __init__(self, config: uvicorn.Config, host: Host, grace: float) -> None:
        super().__init__(config)
        self._host = host
        self._grace = grace
        self._leaving = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """React to a signal."""
        if self._leaving:
            super().handle_exit(sig, frame)
            return
        self._leaving = True
        print("stopping: the running edit is finished, what waits is refused", file=sys.stderr)
        threading.Thread(target=self._leave, name="leaving").start()

    def _leave(self) -> None:
        self._host.stop(self._grace)  # meanwhile the server answers: 503 to new requests, /health says stopping
        self.should_exit = True


@app.default
def serve(
    *,
    engine: str = "classical",
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 8300,
    queue: Annotated[int, Parameter(validator=Number(gte=1))] = 16,
    token: Annotated[str | None, Parameter(env_var="EDIT_FLOWS_SERVER_TOKEN")] = None,
    grace: Annotated[float, Parameter(validator=Number(gte=0))] = 60.0,
) -> int:
    """Serve an engine until told to stop.

    Args:
        engine: Name of the engine: classical or qwen.
        host: Address to listen on; any but loopback needs a token.
        port: Port to listen on; 0 takes a free one.
        queue: Requests that may wait; further ones are answered with 429.
        token: What clients must show as Authorization: Bearer. Others on this machine can read arguments, but not
            EDIT_FLOWS_SERVER_TOKEN.
        grace: Seconds the running edit is given to finish when the server is told to stop.
    """
    served = sorted(ENGINES.keys() - {"endpoint"})  # which is the client of such a server
    if engine not in served:
        raise UnknownEngine(f"no engine {engine!r} can be served; known: {', '.join(served)}")
    if not token and not is_loopback(host):
        raise SettingsError(f"host {host!r} is open to the network: set EDIT_FLOWS_SERVER_TOKEN, or use 127.0.0.1")
    listening = listen(host, port)
    url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"

    def watch(state: State) -> None:
        with contextlib.suppress(OSError):  # nobody reads what is printed any more: no reason to stop
            if state is State.READY and owner.serving is not None:
                print(f"ready: {owner.serving.identity.model} at {url}/v1", flush=True)
            elif state is State.FAILED:
                print(f"error: {owner.error}", file=sys.stderr, flush=True)
        server.should_exit |= owner.hopeless

    owner = Host(lambda: get_engine.__wrapped__(engine), limit=queue, watch=watch)  # never twice the same: see Host
    config = uvicorn.Config(
        create_app(owner, token), log_level="warning", timeout_graceful_shutdown=FINISHING, lifespan="on"
    )
    server = Server(config, owner, grace)
    server.run(sockets=[listening])
    return int(owner.hopeless)


def is_loopback(host: str) -> bool:
    """True when only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `SettingsError` when the port is taken or the address is none of ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as refused:
        raise SettingsError(f"cannot listen on {host} port {port} ({refused.strerror}): choose another") from refused
    # Connections inherit it. asyncio only sets it where a socket names its protocol; without it an answer takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def main(arguments: list[str]) -> int:
    """Exit code of the server."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # a broken form is told to who sent it
    try:
        code: int = app(arguments, result_action="return_value", exit_on_error=False, print_error=False)
    except (EditFlowError, CycloptsError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
