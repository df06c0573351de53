from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.sorting import FlowRunSort
from skimage import data

from flows.edit import edit_image
from tasks.domain.errors import ImageError, OutputError, SettingsError, TransientError, UnknownEngine
from tasks.domain.models import Attempt, EditRequest, FailureClass
from tasks.domain.results import EditResult, Outcome
from tasks.engines import registry
from tasks.imaging.typeface import sized
from tasks.provenance.certificates import certificate
from tasks.provenance.keys import signing_key
from tasks.settings import settings
from tests.doubles import ScriptedEngine, unchanged, warm
from tests.drawing import Item, face_named, ground, poster

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


@pytest.fixture
def drifting(monkeypatch):
    """Registers the engine that gives right edits back as a generative model does; its name."""
    monkeypatch.setitem(registry.ENGINES, "drifting", registry.Entry("tests.doubles:DriftingEngine", "nothing"))
    return "drifting"


@pytest.fixture
def environment(monkeypatch):
    """Sets settings of this test only."""

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"EDIT_FLOWS_{name.upper()}", str(value))
        settings.cache_clear()

    yield put
    settings.cache_clear()


@pytest.fixture
def summer(tmp_path):
    """A poster that says Summer Sale."""
    path = tmp_path / "summer.png"
    poster("slope", Item("Summer Sale"), Item("Open daily from nine", size=30, at=(60, 200))).save(path)
    return path


def ask(photo: Path, **more: object) -> EditRequest:
    return EditRequest.model_validate({"image": str(photo), "prompt": "Give it a warm vintage look", **more})


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def tasks_of_the_last_run(expected: set[str]) -> set[str]:
    """Names of the task runs of the flow run begun last; the server learns of them a moment after they are done."""
    with get_client(sync_client=True) as client:
        flow_run = max(client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC), key=lambda run: str(run.created))
        of_it = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
        until = time.monotonic() + 20
        while True:
            names = {run.name for run in client.read_task_runs(flow_run_filter=of_it)}
            if expected <= names or time.monotonic() > until:
                return names
            time.sleep(0.2)


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
    assert again == first.again()
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
    assert second.output.sha256 == first.output.sha256  # two signed files are never equal
    assert len(files_under(tmp_path / "out")) == 3


def another(image: Image.Image) -> Image.Image:
    """The right edit as it comes out another time: engines on a GPU do not repeat themselves bit by bit."""
    return Image.eval(warm(image), lambda value: min(255, value + 9))


@pytest.mark.parametrize("before", [warm, unchanged], ids=["accepted", "rejected"])
def test_what_a_run_left_that_died_before_its_metadata_is_gone_when_the_next_one_makes_another_picture(
    before, photo, scripted, tmp_path, environment
):
    environment(max_attempts=1)
    scripted(before, another)
    first = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    Path(first.metadata_uri).unlink()
    (tmp_path / "out" / "사진_1-not-ours.png").write_bytes(b"")
    second = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert second.outcome is Outcome.ACCEPTED
    assert second.output.uri != first.output.uri
    assert len(files_under(tmp_path / "out")) == 3 + 1
    assert edit_image(ask(photo), str(tmp_path / "out"), "scripted").output == second.output


def test_of_two_runs_of_the_same_work_that_end_differently_the_accepted_one_counts(
    photo, scripted, tmp_path, environment, monkeypatch
):
    environment(max_attempts=1)
    scripted(unchanged, warm, unchanged)
    monkeypatch.setattr("flows.edit.recall", lambda _: None)  # neither knows of the other
    outcomes = [edit_image(ask(photo), str(tmp_path / "out"), "scripted").outcome for _ in range(3)]
    assert outcomes == [Outcome.REJECTED, Outcome.ACCEPTED, Outcome.ACCEPTED]
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
    boxes = {
        *("load", "recall", "classify", "prepare semantic", "save", "metadata"),
        "edit attempt 1",
        "preserve attempt 1",
        "validate attempt 1",
        "requeue after attempt 1",
        "edit attempt 2",
        "preserve attempt 2",
        "validate attempt 2",
    }
    assert boxes <= tasks_of_the_last_run(boxes)


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
    assert box in tasks_of_the_last_run({box})


def test_of_two_runs_that_did_the_same_work_at_once_one_counts_and_the_other_leaves_nothing(
    photo, scripted, tmp_path, monkeypatch
):
    scripted(warm, another)
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


WINTER = "Change the text 'Summer Sale' to 'Winter Sale'"


def pixels(path: Path | str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def differing(result: EditResult, source: Path) -> np.ndarray:
    """Height x width: true where a result differs from its source outside the mask stored beside it."""
    return np.asarray((pixels(result.output.uri) != pixels(source)).any(axis=-1) & (pixels(result.mask_uri) == 0))


def test_a_text_edit_by_a_model_that_moves_every_pixel_is_accepted_and_exact_outside_its_mask(
    summer, drifting, tmp_path
):
    result = edit_image(ask(summer, prompt=WINTER), str(tmp_path / "out"), drifting)
    assert result.outcome is Outcome.ACCEPTED, result.attempts[-1].verdict
    assert pixels(result.output.uri).shape == pixels(summer).shape
    assert not differing(result, summer).any()
    report = result.attempts[-1].candidate.preservation
    assert report is not None
    assert report.applied
    assert 0.5 < report.exact_fraction < 1


def test_a_picture_larger_than_the_model_works_at_keeps_its_size_and_is_edited_through_a_window(drifting, tmp_path):
    large = tmp_path / "large.png"
    canvas = ground("slope").resize((3000, 2000))
    draw = ImageDraw.Draw(canvas)
    for top, words in ((700, "Summer Sale"), (1300, "Open daily from nine")):
        draw.text((1000, top), words, font=sized(face_named("NotoSansCJK-Bold"), 72), fill="white")
    canvas.save(large)
    result = edit_image(ask(large, prompt=WINTER), str(tmp_path / "out"), drifting)
    assert result.outcome is Outcome.ACCEPTED, result.attempts[-1].verdict
    view = result.attempts[-1].candidate.view
    assert view is not None
    assert view.native
    assert view.window.width < 1000
    assert pixels(result.output.uri).shape == (2000, 3000, 3)
    assert not differing(result, large).any()


def test_words_no_other_engine_gets_right_are_typeset_and_the_result_says_by_whom(summer, scripted, tmp_path):
    plans = scripted(unchanged, unchanged)
    result = edit_image(ask(summer, prompt=WINTER), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.ACCEPTED, result.attempts[-1].verdict
    assert result.engine.name == "classical"
    assert [a.candidate.engine.name for a in result.attempts if a.candidate.engine] == ["scripted"] * 2 + ["classical"]
    assert "typesetting (classical)" in result.attempts[-1].plan.remedy
    assert len(plans) == 2
    assert not differing(result, summer).any()


def test_where_typesetting_is_not_allowed_the_request_is_rejected(summer, scripted, tmp_path, environment):
    environment(typeset_fallback=False, max_attempts=2)
    scripted(unchanged, unchanged)
    result = edit_image(ask(summer, prompt=WINTER), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.REJECTED
    assert result.engine.name == "scripted"


def test_an_alternate_engine_is_tried_when_the_first_cannot_get_it_right(photo, scripted, tmp_path, environment):
    scripted(unchanged, unchanged)
    environment(alternates="classical", max_attempts=2)
    result = edit_image(ask(photo, prompt="Make it sepia"), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.ACCEPTED, result.attempts[-1].verdict
    assert [attempt.plan.engine for attempt in result.attempts] == [None, "classical"]
    assert result.engine.name == "classical"


def test_an_engine_fallen_back_on_that_cannot_do_it_costs_none_of_the_earlier_attempts(photo, scripted, tmp_path):
    scripted(unchanged, unchanged)
    prompt = "Change the text 'Summer Sale' to 'Winter Sale'"  # no such words in this photograph
    result = edit_image(ask(photo, prompt=prompt), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.REJECTED
    assert [a.candidate.engine.name for a in result.attempts if a.candidate.engine] == ["scripted"] * 2
    assert all(Path(attempt.candidate.image.uri).exists() for attempt in result.attempts)


def test_every_rejected_candidate_lies_beside_its_plan_and_verdict(photo, scripted, tmp_path):
    scripted(unchanged, lambda image: Image.new("RGB", image.size), lambda image: Image.new("RGB", image.size, "red"))
    result = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    for attempt in result.attempts:
        beside = Path(attempt.candidate.image.uri.replace(".png", "-verdict.json"))
        assert Attempt.model_validate_json(beside.read_text()) == attempt


def test_an_engine_budget_that_is_spent_ends_the_request(photo, scripted, tmp_path, environment):
    environment(max_engine_seconds=0.000001)
    plans = scripted(unchanged, warm)
    result = edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    assert result.outcome is Outcome.REJECTED
    assert len(plans) == 1


def test_what_the_stand_in_touched_is_recorded_beside_its_result(summer, tmp_path):
    result = edit_image(ask(summer, prompt=WINTER), str(tmp_path / "out"), "classical")
    assert result.outcome is Outcome.ACCEPTED, result.attempts[-1].verdict
    assert result.mask_uri == result.output.uri.replace(".png", "-mask.png")
    assert not differing(result, summer).any()


def test_a_mask_is_final_also_for_a_model_that_moves_every_pixel(summer, drifting, tmp_path):
    mask = Image.new("L", (640, 420), 0)
    mask.paste(255, (0, 0, 320, 420))
    mask.save(tmp_path / "mask.png")
    request = ask(summer, prompt="Darken it", mask=str(tmp_path / "mask.png"))
    result = edit_image(request, str(tmp_path / "out"), drifting)
    touched = pixels(result.output.uri) != pixels(summer)
    assert touched[:, :320].any()
    assert not touched[:, 320:].any()
    assert np.array_equal(pixels(result.mask_uri), np.asarray(mask))


@pytest.mark.parametrize("variable", ["EDIT_FLOWS_SIGNING_KEY", "EDIT_FLOWS_C2PA_CERTIFICATE"])
def test_what_could_not_be_signed_is_refused_before_it_is_edited(variable, photo, scripted, tmp_path, monkeypatch):
    plans = scripted(warm)
    monkeypatch.setenv(variable, "/nowhere/key.pem")
    signing_key.cache_clear()
    certificate.cache_clear()
    try:
        with pytest.raises(SettingsError, match="EDIT_FLOWS_"):
            edit_image(ask(photo), str(tmp_path / "out"), "scripted")
    finally:
        signing_key.cache_clear()
        certificate.cache_clear()
    assert not plans
    assert not (tmp_path / "out").exists()
