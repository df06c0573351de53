"""The engine that flows are tested with, where it does not matter how pictures are edited."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.domain.models import EditPlan
from tasks.engines import registry
from tests.doubles import ScriptedEngine, Step, warm


@pytest.fixture
def script(monkeypatch) -> Callable[..., list[EditPlan]]:
    """Registers the scripted engine, warm for every picture; call it with other steps. Gives the plans it is given."""
    monkeypatch.setitem(registry.ENGINES, "scripted", registry.Entry("tests.doubles:ScriptedEngine", "nothing"))
    monkeypatch.setenv("EDIT_FLOWS_TYPESET_FALLBACK", "false")

    def put(*steps: Step) -> list[EditPlan]:
        monkeypatch.setattr(ScriptedEngine, "plans", [])
        monkeypatch.setattr(ScriptedEngine, "script", list(steps))
        return ScriptedEngine.plans

    put(*[warm] * 50)
    return put
