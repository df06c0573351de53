from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from prefect.client.orchestration import get_client
from skimage import data

from flows.edit import edit_image
from tasks.domain.errors import ImageError, OutputError, TransientError, UnknownEngine
from tasks.domain.models import EditRequest, EditResult, FailureClass, Outcome
from tasks.engines import registry
from tests.doubles import ScriptedEngine, unchanged, warm
from tests.drawing import Item, poster

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "사진 1.png"
    Image.fromarray(data.astronaut()).resize((192, 192)).save(path)
    return path


@pytest.fixture
def scripted(monkeypatch):
    """Registers the scripted engine; call it with the pictures it is to give."""
    monkeypatch.setitem(registry.ENGINES, "scripted", registry.Entry("tests.doubles:ScriptedEngine", "nothing"))
    monkeypatch.setattr(ScriptedEngine, "plans", [])

    def script(*steps):
        monkeypatch.setattr(ScriptedEngine, "script", list(steps))
        return ScriptedEngine.plans

    return script


def ask(photo: Path, **more: object) -> EditRequest:
    return EditRequest.model_validate({"image": str(photo), "prompt": "Give it a warm vintage look", **more})


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_right_edit_is_saved_with_metadata_and_sheet_and_the_source_is_untouched(photo, scripted, tmp_path):
    scripted(warm)
    before = photo.read_bytes()
    result = edit_image(ask(photo, metadata={"campaign": "여름"}), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.ACCEPTED
    assert Image.open(result.output.uri).convert("RGB").tobytes() == warm(Image.open(photo)).tobytes()
    assert EditResult.model_validate_json(Path(result.metadata_uri).read_text()) == result
    stored = json.loads(Path(result.metadata_uri).read_text())
    assert stored["request"]["metadata"] == {"campaign": "여름"}
    assert stored["attempts"][0]["verdict"]["passed"] is True
    assert photo.read_bytes() == before
    assert len(files_under(tmp_path / "out")) == 3


def test_a_failed_candidate_is_tried_again_with_a_plan_changed_by_the_verdict(photo, scripted, tmp_path):
    plans = scripted(unchanged, warm)
    result = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.ACCEPTED
    assert FailureClass.UNCHANGED in result.attempts[0].verdict.failures
    assert plans[1].cfg_scale > plans[0].cfg_scale
    assert plans[1].seed != plans[0].seed
    assert result.attempts[0].candidate.image.uri == ""
    assert len(files_under(tmp_path / "out")) == 3


def test_what_never_passes_goes_to_review_with_every_candidate_and_never_to_the_output(photo, scripted, tmp_path):
    scripted(unchanged, lambda image: Image.new("RGB", image.size), lambda image: Image.new("RGB", image.size, "red"))
    result = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.REJECTED
    assert len(result.attempts) == 3
    written = files_under(tmp_path / "out")
    assert all(name.startswith("review/") for name in written)
    assert all(Path(attempt.candidate.image.uri).exists() for attempt in result.attempts)


def test_the_same_request_again_costs_no_engine_time_and_changes_no_file(photo, scripted, tmp_path):
    plans = scripted(warm)
    first = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    again = edit_image(ask(photo, priority=7), str(tmp_path / "out"), "scripted")
    assert again.reused
    assert again.model_copy(update={"reused": False}) == first
    assert len(plans) == 1


def test_a_result_whose_picture_was_taken_away_is_made_again(photo, scripted, tmp_path):
    scripted(warm, warm)
    first = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    Path(first.output.uri).unlink()
    again = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert not again.reused
    assert Path(again.output.uri).exists()
    assert len(files_under(tmp_path / "out")) == 3


def test_a_run_that_died_before_its_metadata_is_finished_by_the_next_one_without_a_second_picture(
    photo, scripted, tmp_path
):
    scripted(warm, warm)
    first = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    Path(first.metadata_uri).unlink()
    second = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert second.output == first.output
    assert len(files_under(tmp_path / "out")) == 3


def test_guidance_steps_and_seed_of_the_request_reach_the_engine(photo, scripted, tmp_path):
    plans = scripted(warm)
    edit_image(ask(photo, cfg_scale=2.5, steps=12, seed=99), str(tmp_path / "out"), "scripted")
    assert (plans[0].cfg_scale, plans[0].steps, plans[0].seed) == (2.5, 12, 99)


def test_a_machine_fault_is_retried_by_prefect_and_is_no_attempt(photo, scripted, tmp_path):
    def busy(_image: Image.Image) -> Image.Image:
        raise TransientError("the engine is busy; trying again may help")

    scripted(busy, warm)
    result = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.ACCEPTED
    assert len(result.attempts) == 1


def test_the_boxes_of_the_diagram_appear_by_name_in_the_run_with_attempts_numbered(photo, scripted, tmp_path):
    scripted(unchanged, warm)
    edit_image(ask(photo, seed=5), str(tmp_path / "out"), "scripted")
    with get_client(sync_client=True) as client:
        flow_run = max(client.read_flow_runs(), key=lambda run: str(run.created))
        names = [run.name for run in client.read_task_runs() if run.flow_run_id == flow_run.id]
    boxes = ["load", "recall", "classify", "prepare semantic", "save", "metadata"]
    assert all(any(name.startswith(box) for name in names) for box in boxes), names
    assert {
        "edit attempt 1",
        "validate attempt 1",
        "requeue after attempt 1",
        "edit attempt 2",
        "validate attempt 2",
    } <= set(names)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"image": "missing.png"}, ImageError),
        ({"engine": "crystal ball"}, UnknownEngine),
        ({"output": "occupied/out"}, OutputError),
    ],
)
def test_bad_input_raises_a_named_error_and_leaves_nothing(change, error, photo, scripted, tmp_path, monkeypatch):
    scripted(warm)
    monkeypatch.chdir(tmp_path)
    Path("occupied").write_text("a file, not a folder")
    request = ask(Path(change.get("image", photo)))
    with pytest.raises(error):
        edit_image(request, change.get("output", "out"), change.get("engine", "scripted"))
    assert not any(Path("out").rglob("*"))


@pytest.mark.parametrize(
    ("prompt", "box", "region"),
    [
        ("Add a red star at the top left", "prepare appearance", True),
        ("Brighten the picture", "prepare appearance", False),
        ("Change the text 'Summer Sale' to 'Winter Sale'", "prepare text", False),
        ("把“Summer Sale”改成“Winter Sale”，再加一个爱心，放在右下角", "prepare hybrid", False),
    ],
)
def test_each_branch_of_the_diagram_leads_to_a_checked_picture(prompt, box, region, tmp_path):
    poster("slope", Item("Summer Sale")).save(tmp_path / "poster.png")
    result = edit_image(ask(tmp_path / "poster.png", prompt=prompt), str(tmp_path / "out"), "classical")
    assert result.outcome is Outcome.ACCEPTED, result.attempts[-1].verdict
    assert (result.attempts[0].plan.region is not None) is region
    assert box.endswith(result.classification.edit_type)
    with get_client(sync_client=True) as client:
        flow_run = max(client.read_flow_runs(), key=lambda run: str(run.created))
        assert box in [run.name for run in client.read_task_runs() if run.flow_run_id == flow_run.id]


def test_of_two_runs_that_did_the_same_work_at_once_one_counts_and_the_other_leaves_nothing(
    photo, scripted, tmp_path, monkeypatch
):
    scripted(warm, lambda image: Image.eval(warm(image), lambda value: min(255, value + 9)))
    monkeypatch.setattr("flows.edit.recall", lambda _: None)  # neither knows of the other
    first = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    written = files_under(tmp_path / "out")
    second = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert second.reused
    assert second.output == first.output
    assert files_under(tmp_path / "out") == written


def test_a_mask_limits_the_change_and_is_part_of_the_identity(photo, tmp_path):
    Image.new("L", (192, 192), 255).save(tmp_path / "all.png")
    left = Image.new("L", (192, 192), 0)
    left.paste(255, (0, 0, 96, 192))
    left.save(tmp_path / "left.png")
    results = [
        edit_image(
            ask(photo, prompt="Darken it", mask=str(tmp_path / f"{name}.png")), str(tmp_path / "out"), "classical"
        )
        for name in ("all", "left")
    ]
    assert results[0].identity != results[1].identity
    touched = np.asarray(Image.open(results[1].output.uri)) != np.asarray(Image.open(photo))
    assert touched[:, :96].any()
    assert not touched[:, 96:].any()
