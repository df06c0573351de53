"""An engine's failure ends the job when it is the job's own engine, and only the attempt when it was fallen back on."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from PIL import Image

from tasks.domain.contracts import draw_contract
from tasks.domain.errors import EngineError
from tasks.domain.models import EditPlan, EditRequest, EditType, EngineIdentity, Job
from tasks.edit import edit
from tasks.storage import desk
from tests.doubles import ScriptedEngine


class Restarted(ScriptedEngine):
    """A server found to run another model than it did when the job was let in."""

    def edit(self, *_: object) -> object:  # type: ignore[override]
        raise EngineError("the server was restarted with another model")


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.edit.get_run_logger", lambda: logging.getLogger("edit"))
    monkeypatch.setattr("tasks.edit.get_engine", lambda _: Restarted())
    source = desk.lay(str(tmp_path), "source", Image.new("RGB", (32, 32)))
    return Job(
        request=EditRequest(image="a.png", prompt="Give it a warm look"),
        identity="0" * 64,
        original=source,
        source=source,
        mask=None,
        engine=EngineIdentity(name="scripted", model="what it ran before", revision="0"),
        output=str(tmp_path),
        desk=str(tmp_path),
        started=datetime.now(UTC),
    )


@pytest.fixture
def plan():
    prompt = "Give it a warm look"
    return EditPlan(
        contract=draw_contract(prompt, EditType.SEMANTIC, masked=False),
        prompt=prompt,
        negative_prompt=" ",
        cfg_scale=4,
        steps=1,
        seed=1,
    )


def test_the_jobs_own_engine_fails_the_job_even_when_it_is_no_longer_what_it_was(job, plan):
    with pytest.raises(EngineError, match="restarted"):
        edit.fn(job, plan, 1)


def test_an_engine_that_was_fallen_back_on_only_fails_the_attempt(job, plan):
    assert edit.fn(job, plan.model_copy(update={"engine": "other"}), 1) is None
