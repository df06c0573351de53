"""What the boxes make of an engine's vision-language model, and that its failures never sink an edit."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from tasks.classify import classify
from tasks.domain.classification import classify as by_words
from tasks.domain.models import Candidate, CheckName, EditRequest, EditType, Job
from tasks.engines import registry
from tasks.engines.assistant.classifying import MEANINGS
from tasks.prepare import prepare_appearance, prepare_semantic
from tasks.settings import settings
from tasks.storage import desk
from tasks.validate import validate
from tests.doubles import ScriptedEngine, warm
from tests.tasks.engines.assistant.scripted import BrokenVision, ScriptedVision

pytestmark = pytest.mark.usefixtures("quiet")

CLEARER = "Recolour the car on the left blue and keep everything else unchanged."


@pytest.fixture
def quiet(monkeypatch):
    """Task loggers without a run around them."""
    import logging

    for module in ("classify", "prepare", "validate"):
        monkeypatch.setattr(f"tasks.{module}.get_run_logger", lambda: logging.getLogger("assisted"))


@pytest.fixture
def seeing(monkeypatch):
    """Registers the scripted engine with this vision-language model."""

    def register(vision):
        monkeypatch.setattr(ScriptedEngine, "vision", vision)
        monkeypatch.setitem(registry.ENGINES, "scripted", registry.Entry("tests.doubles:ScriptedEngine", "nothing"))

    return register


@pytest.fixture
def job(tmp_path):
    """A job of the scripted engine: a picture of soft noise."""

    def of(prompt):
        noise = np.random.default_rng(1).integers(60, 200, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)
        source = desk.lay(str(tmp_path), "source", picture)
        return Job(
            request=EditRequest(image="a.png", prompt=prompt),
            identity="0" * 64,
            original=source,
            source=source,
            mask=None,
            engine=ScriptedEngine.identity,
            output=str(tmp_path),
            desk=str(tmp_path),
            started=datetime.now(UTC),
        )

    return of


@pytest.fixture
def rewriting(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_REWRITE", "true")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_words_that_say_little_are_classified_by_the_model_that_sees_the_picture(seeing, job):
    seeing(ScriptedVision(lambda _, meaning: 9.0 if meaning == MEANINGS[EditType.TEXT] else 1.0))
    vague = job("Zazzify")
    assert by_words(vague.request.prompt).edit_type is EditType.APPEARANCE
    assert classify.fn(vague).edit_type is EditType.TEXT


def test_when_the_model_fails_the_words_decide(seeing, job, caplog):
    seeing(BrokenVision())
    vague = job("Zazzify")
    assert classify.fn(vague) == by_words(vague.request.prompt)
    assert "the words decide: out of order" in caplog.text


@pytest.mark.usefixtures("rewriting")
def test_an_instruction_is_rewritten_where_that_is_wanted_and_the_contract_stays_the_users(seeing, job):
    seeing(ScriptedVision(answer=CLEARER))
    told = prepare_appearance.fn(job("make the car blue"))
    assert told.prompt == CLEARER
    assert told.contract.colours == ("blue",)


def test_an_instruction_is_left_alone_unless_that_is_wanted(seeing, job):
    seeing(ScriptedVision(answer=CLEARER))
    assert prepare_appearance.fn(job("make the car blue")).prompt == "make the car blue"


@pytest.mark.usefixtures("rewriting")
def test_when_rewriting_fails_the_users_words_are_used(seeing, job, caplog):
    seeing(BrokenVision())
    assert prepare_appearance.fn(job("make the car blue")).prompt == "make the car blue"
    assert "not rewritten, the user's words are used: out of order" in caplog.text


def test_when_the_judge_fails_the_other_checks_decide(seeing, job, caplog):
    """The verdict is that of an engine without a model, and the log says that nobody judged."""
    asked = job("Give it a warm look")
    plan = prepare_semantic.fn(asked)
    candidate = Candidate(image=desk.lay(asked.desk, "attempt-1", warm(desk.pick_up(asked.source))), engine_seconds=0.0)
    seeing(BrokenVision())
    alone = validate.fn(asked, plan, candidate, 1)
    assert alone.passed
    assert "not judged, the other checks decide: out of order" in caplog.text
    seeing(ScriptedVision())
    judged = validate.fn(asked, plan, candidate, 1)
    assert judged.checks[:-1] == alone.checks
    assert judged.checks[-1].name is CheckName.JUDGED
