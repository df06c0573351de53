"""Drafts first: what of an engine's ladder an edit climbs, and what its receipt says that cost."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from flows.__main__ import describe, main
from flows.edit import edit_image
from tasks.domain.models import EditRequest, EditType
from tasks.domain.recipes import Recipe
from tasks.domain.results import EditResult, Outcome
from tasks.domain.telling import told
from tests.doubles import ScriptedEngine, unchanged, warm

pytestmark = pytest.mark.usefixtures("prefect_server")
BEST = ScriptedEngine.traits.recipes[EditType.SEMANTIC]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "사진" / "가.png"
    path.parent.mkdir()
    Image.fromarray(data.astronaut()).resize((192, 192)).save(path)
    return path


@pytest.fixture(autouse=True)
def laddered(monkeypatch, script):
    """The scripted engine, with drafts of 4 and of 8 steps."""
    drafts = tuple(Recipe(cfg_scale=1.0, steps=steps, adapter=f"lightning-{steps}") for steps in (4, 8))
    monkeypatch.setattr(ScriptedEngine, "traits", ScriptedEngine.traits.model_copy(update={"drafts": drafts}))
    return script


def edit(photo: Path, **more: object) -> EditResult:
    request = EditRequest.model_validate({"image": str(photo), "prompt": "Give it a warm vintage look", **more})
    return edit_image(request, f"{photo.parent.parent}/out", "scripted")


def test_a_draft_that_passes_is_delivered_and_is_all_that_was_spent(photo):
    result = edit(photo)
    (attempt,) = result.attempts
    assert (attempt.plan.adapter, attempt.plan.steps, attempt.plan.cfg_scale) == ("lightning-4", 4, 1.0)
    (spent,) = json.loads(Path(result.metadata_uri).read_text())["spent"]
    assert (spent["engine"], spent["adapter"], spent["attempts"]) == ("scripted", "lightning-4", 1)
    assert spent["engine_seconds"] == pytest.approx(result.engine_seconds, abs=1e-3)


def test_a_draft_that_did_not_follow_is_made_again_at_full_quality_and_the_receipt_shows_both(photo, laddered):
    plans = laddered(unchanged, warm)
    result = edit(photo)
    assert result.outcome is Outcome.ACCEPTED
    assert [(plan.adapter, plan.steps) for plan in plans] == [("lightning-4", 4), ("", BEST.steps)]
    assert [(spent.adapter, spent.attempts) for spent in result.spent] == [("lightning-4", 1), ("", 1)]
    assert sum(spent.engine_seconds for spent in result.spent) == pytest.approx(result.engine_seconds, abs=2e-3)
    assert re.search(r"engine: \S+ s \(lightning-4 \S+ s, scripted \S+ s\)$", describe(result), re.MULTILINE)
    page = html.unescape(told(result))
    assert "(lightning-4 " in page
    assert "lightning-4, 4 steps, guidance 1" in page


@pytest.mark.parametrize("own", [{"steps": 12}, {"cfg_scale": 2.5}, {"quality": "full"}])
def test_who_sets_steps_or_guidance_or_asks_for_full_quality_gets_no_draft(photo, laddered, own):
    plans = laddered(warm)
    edit(photo, **own)
    wanted = {"steps": BEST.steps, "cfg_scale": BEST.cfg_scale} | {k: v for k, v in own.items() if k != "quality"}
    assert {"steps": plans[0].steps, "cfg_scale": plans[0].cfg_scale} == wanted
    assert plans[0].adapter == ""


def test_a_batch_tells_how_many_were_accepted_as_drafts(photo, laddered, tmp_path, capsys):
    rotated = photo.with_name("b.png")
    Image.open(photo).rotate(90).save(rotated)
    laddered(warm, unchanged, warm)
    asked = ["--prompt", "Give it a warm vintage look", "--engine", "scripted", "--output", f"{tmp_path}/out"]
    assert main(["batch", str(photo.parent), *asked]) == 0
    said = capsys.readouterr().out
    assert "2 accepted (1 as drafts)" in said
    (table,) = tmp_path.glob("out/batches/*/table.csv")
    rows = csv.DictReader(io.StringIO(table.read_text("utf-8-sig")))
    assert sorted(row["adapter"] for row in rows) == ["", "lightning-4"]


def test_a_failed_draft_that_nothing_mends_is_put_aside_with_all_that_was_spent(photo, laddered):
    laddered(unchanged, unchanged, unchanged)
    result = edit(photo)
    assert result.outcome is Outcome.REJECTED
    assert [(spent.adapter, spent.attempts) for spent in result.spent] == [("lightning-4", 1), ("", 2)]
