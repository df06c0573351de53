"""One API for the tests of a session, and pictures to send it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from skimage import data

from tests.deployments.api.running import Api, Obedient, running
from tests.tasks.engines.server.serving import Running, serving


@pytest.fixture(scope="package")
def obedient() -> Iterator[Running]:
    """The engine server that the API's edits go to."""
    with serving(Obedient, limit=200) as server:
        yield server


@pytest.fixture(scope="package")
def api(prefect_server, obedient, tmp_path_factory) -> Iterator[Api]:
    """An API without keys, with two processes that edit."""
    settings = {"EDIT_FLOWS_API_RATE": "100000/minute", "EDIT_FLOWS_API_QUEUE": "1000"}
    with running(tmp_path_factory.mktemp("api"), obedient.url, settings, here=2) as up:
        yield up


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A photograph of 256 x 256 pixels, as PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(data.astronaut()).resize((256, 256)).save(buffer, "PNG")
    return buffer.getvalue()
