"""No edit by a model whose licence forbids it, whether it is asked first or fallen back on."""

from __future__ import annotations

import pytest
from PIL import Image
from skimage import data

from flows.edit import edit_image
from tasks.domain.errors import LicenceError
from tasks.domain.licences import APACHE, DECLARED, UNKNOWN
from tasks.domain.models import EditRequest
from tasks.domain.results import Outcome
from tasks.domain.traits import Traits
from tasks.engines import registry
from tasks.engines.licensing import use
from tasks.settings import settings
from tests.doubles import ScriptedEngine, unchanged, warm

pytestmark = pytest.mark.usefixtures("prefect_server")


class Licensed(ScriptedEngine):
    """The scripted engine, with the licence that a test gives it."""

    def __init__(self) -> None:
        self.traits = Traits(licence=LICENCES["licensed"])


LICENCES = {"licensed": APACHE}


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Registers both engines; call it with the licence of the first, of the other, and settings."""
    photo = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()).resize((192, 192)).save(photo)
    request = EditRequest(image=str(photo), prompt="Give it a warm vintage look")
    monkeypatch.setenv("EDIT_FLOWS_TYPESET_FALLBACK", "false")
    monkeypatch.setattr(ScriptedEngine, "plans", [])
    for name in ("licensed", "scripted"):
        where = "tests.flows.test_licensed:Licensed" if name == "licensed" else "tests.doubles:ScriptedEngine"
        monkeypatch.setitem(registry.ENGINES, name, registry.Entry(where, "nothing"))

    def asked(engine, licence, *steps, **environment):
        monkeypatch.setitem(LICENCES, "licensed", licence)
        monkeypatch.setattr(ScriptedEngine, "script", list(steps))
        for name, value in environment.items():
            monkeypatch.setenv(f"EDIT_FLOWS_{name.upper()}", value)
        for known in (settings, use, registry.get_engine):
            known.cache_clear()
        return edit_image(request, str(tmp_path / "out"), engine)

    yield asked
    for known in (settings, use, registry.get_engine):
        known.cache_clear()


def test_a_commercial_installation_refuses_a_model_for_research_before_it_edits(ask):
    with pytest.raises(LicenceError, match="research only"):
        ask("licensed", DECLARED["research"], warm)
    assert ScriptedEngine.plans == []


def test_research_may_use_it(ask):
    assert ask("licensed", DECLARED["research"], warm, commercial="false").outcome is Outcome.ACCEPTED


def test_a_licence_that_nobody_knows_runs_and_the_log_says_so(ask, caplog):
    assert ask("licensed", UNKNOWN, warm).outcome is Outcome.ACCEPTED
    assert "licence of none is not known" in caplog.text


def test_an_engine_fallen_back_on_is_held_to_the_same_and_the_attempts_made_are_kept(ask, caplog):
    result = ask("scripted", DECLARED["research"], unchanged, unchanged, warm, alternates="licensed", max_attempts="2")
    assert result.outcome is Outcome.REJECTED
    assert len(result.attempts) == 2
    assert {attempt.plan.engine for attempt in result.attempts} == {None}
    assert "not tried: the licence of none" in caplog.text
