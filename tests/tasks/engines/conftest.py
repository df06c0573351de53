"""Every engine, each made once, for the tests that all of them must pass.

To add one: a function that gives it, and its name in `DIRECT`. It is then tested as it is and behind the server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tasks.engines.protocol import Engine

URL = os.environ.get("EDIT_FLOWS_CONFORMANCE_URL", "")
"""A running server, up to and with /v1: then that one is tested, and nothing else."""

Load = Callable[[], Engine]


def classical(_: Path) -> Load:
    from tasks.engines.classical.engine import ClassicalEngine

    return ClassicalEngine


def qwen(folder: Path) -> Load:
    """On a tiny checkpoint of the real classes with random weights."""
    pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    from tests import checkpoints
    from tests.tasks.engines.qwen.pictures import engine

    return partial(engine, checkpoints.build(folder, plus=True, zero_cond_t=True), "plus-2511")


DIRECT: dict[str, Callable[[Path], Load]] = {"classical": classical, "qwen": qwen}
"""Makes the engine of that name; the folder is its to fill."""

BEHIND = "endpoint-server-"
NAMES = ["url"] if URL else [*DIRECT, *(BEHIND + name for name in DIRECT)]


@contextmanager
def reached(url: str) -> Iterator[Engine]:
    """The endpoint engine for the server at that URL; EDIT_FLOWS_ENDPOINT_SERVER, _KEY and _MODEL hold as ever."""
    from tasks.engines.endpoint.engine import EndpointEngine
    from tasks.engines.endpoint.settings import EndpointSettings

    engine = EndpointEngine(EndpointSettings(url=url))
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Engine]:
    """The engine of that name itself, made when first asked for."""
    made: dict[str, Engine] = {}

    def get(name: str) -> Engine:
        if name not in made:
            made[name] = DIRECT[name](tmp_path_factory.mktemp(name))()
        return made[name]

    return get


@pytest.fixture(scope="session")
def served(built: Callable[[str], Engine]) -> Iterator[Callable[[str], str]]:
    """The URL, up to and with /v1, of a server of the engine of that name, started when first asked for."""
    from tests.tasks.engines.server.serving import serving

    with ExitStack() as running:
        urls: dict[str, str] = {}

        def get(name: str) -> str:
            if name not in urls:
                engine = built(name)
                urls[name] = f"{running.enter_context(serving(lambda: engine)).url}/v1"
            return urls[name]

        yield get


@pytest.fixture(scope="session", params=NAMES)
def conforming(
    request: pytest.FixtureRequest, built: Callable[[str], Engine], served: Callable[[str], str]
) -> Iterator[Engine]:
    """Each engine in turn."""
    name = request.param
    if name in DIRECT:
        yield built(name)
        return
    with reached(URL or served(name.removeprefix(BEHIND))) as engine:
        yield engine


@pytest.fixture(scope="session", params=["url"] if URL else list(DIRECT))
def server_url(request: pytest.FixtureRequest, served: Callable[[str], str]) -> str:
    """Up to and with /v1: of the running server that is named, else of one with each engine in turn."""
    return URL or served(request.param)
