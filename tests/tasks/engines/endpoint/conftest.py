from __future__ import annotations

import numpy as np
import pytest
import stamina
from PIL import Image

from tasks.domain.contracts import draw_contract
from tasks.domain.models import EditPlan, EditType
from tasks.engines.endpoint.engine import EndpointEngine
from tasks.engines.endpoint.settings import EndpointSettings
from tests.tasks.engines.endpoint.scripted import ScriptedServer


@pytest.fixture(autouse=True)
def hasty():
    """Repeats come at once, and as many as there may be."""
    stamina.set_testing(True, attempts=10)
    yield
    stamina.set_testing(False)


@pytest.fixture
def server():
    scripted = ScriptedServer()
    yield scripted
    scripted.stop()


@pytest.fixture
def engine_for(server):
    """Makes engines that speak to the scripted server, and closes them."""
    made = []

    def make(kind="edit-flows", **more):
        model = "" if kind == "edit-flows" else "some/model"
        made.append(EndpointEngine(EndpointSettings(**{"url": server.url, "server": kind, "model": model, **more})))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def plan():
    prompt = "배경을 어둡게 해줘"
    return EditPlan(
        contract=draw_contract(prompt, EditType.APPEARANCE, masked=False),
        prompt=prompt,
        negative_prompt=" ",
        cfg_scale=4.5,
        steps=7,
        seed=2**40 + 5,
        priority=3,
    )


@pytest.fixture
def picture():
    """Different in every corner, 96 x 64."""
    noise = np.random.default_rng(7).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    return Image.fromarray(noise)
