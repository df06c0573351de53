from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from prefect.client.orchestration import get_client
from skimage import data

from flows.batch import edit_batch
from flows.chain import edit_chain
from flows.edit import edit_image
from flows.review import close_reviews, decide_review
from tasks.domain.chain import Step
from tasks.domain.ending import Ending
from tasks.domain.errors import AlreadyDecided, UnsupportedInstruction
from tasks.domain.models import EditRequest
from tasks.domain.results import Decision, EditResult, Outcome, Review
from tasks.inboxes import inboxes
from tasks.settings import settings
from tasks.storage import files, naming, reviews
from tests.doubles import unchanged, warm
from tests.reviewing import put_in_review

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "사진.png"
    Image.fromarray(data.astronaut()).resize((96, 96)).save(path)
    return path


@pytest.fixture
def output(tmp_path, monkeypatch):
    """Where results go and are reviewed."""
    monkeypatch.setenv("EDIT_FLOWS_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setenv("EDIT_FLOWS_ENGINE", "scripted")
    yield tmp_path / "out"
    settings.cache_clear()
    inboxes.cache_clear()


@pytest.fixture
def environment(monkeypatch, output, script):
    """Sets settings of this test only, the engine scripted."""

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"EDIT_FLOWS_{name.upper()}", str(value))
        settings.cache_clear()
        inboxes.cache_clear()

    put()
    return put


def ask(photo: Path, **more: object) -> EditRequest:
    return EditRequest.model_validate(
        {"image": str(photo), "prompt": "Give it a warm vintage look", "approval": True, **more}
    )


def test_what_needs_approval_waits_and_is_delivered_once_approved(photo, environment, output):
    result = edit_image(ask(photo))
    assert result.outcome is Outcome.PENDING
    assert result.attempts[-1].verdict.passed
    assert {path.parent.name for path in output.rglob("*") if path.is_file()} == {"review"}
    assert edit_image(ask(photo)).outcome is Outcome.PENDING
    decided = decide_review(result.metadata_uri, Decision.APPROVE, "kim", note="좋다")
    assert decided.outcome is Outcome.ACCEPTED
    again = edit_image(ask(photo))
    assert (again.outcome, again.reused) == (Outcome.ACCEPTED, True)
    assert again.review == decided.review
    assert {path.parent for path in output.rglob("*") if path.is_file()} == {output}


def test_a_rejected_one_asked_for_again_stays_rejected(photo, environment, output):
    result = edit_image(ask(photo))
    decide_review(result.metadata_uri, Decision.REJECT, "kim")
    again = edit_image(ask(photo))
    assert (again.outcome, again.reused) == (Outcome.REJECTED, True)
    assert again.review is not None
    with pytest.raises(AlreadyDecided, match="rejected by kim"):
        decide_review(result.metadata_uri, Decision.APPROVE, "lee")


def test_what_failed_its_checks_can_be_approved_and_says_who_did(photo, environment, output, script):
    script(*[unchanged] * 3)
    result = edit_image(ask(photo, approval=False))
    assert result.outcome is Outcome.REJECTED
    decide_review(result.metadata_uri, Decision.APPROVE, "kim")
    again = edit_image(ask(photo, approval=False))
    assert again.outcome is Outcome.ACCEPTED
    assert again.review is not None
    assert again.review.by == "kim"
    assert not again.attempts[-1].verdict.passed
    assert sorted(path.name for path in output.iterdir() if path.is_file()) == sorted(
        Path(uri).name for uri in (again.output.uri, again.sheet_uri, again.metadata_uri)
    )


def test_an_unfinished_decision_is_carried_out_when_the_same_is_asked_for_again(photo, environment):
    result = edit_image(ask(photo))
    review = Review(decision=Decision.APPROVE, by="kim", at=datetime.now(UTC))
    files.write_once(naming.decision_uri(result.metadata_uri, result), review.model_dump_json().encode())
    again = edit_image(ask(photo))
    assert (again.outcome, again.review) == (Outcome.ACCEPTED, review)
    assert Path(again.output.uri).exists()


def test_a_retry_edits_the_same_picture_in_other_words_and_is_begun_once(photo, environment, output, script):
    plans = script(warm, warm, warm)
    result = edit_image(ask(photo))
    decided = decide_review(result.metadata_uri, Decision.RETRY, "kim", "Make it a warm old photograph")
    assert decided.review is not None
    again = reviews.finish(decided.review.retried)
    assert again.request.prompt == "Make it a warm old photograph"
    assert again.request.metadata == {"retry_of": result.metadata_uri}
    assert again.outcome is Outcome.PENDING  # it needs approval as the first one did
    assert len(plans) == 2
    assert decide_review(result.metadata_uri, Decision.RETRY, "kim", "Make it a warm old photograph") == decided
    assert len(plans) == 2


def test_a_retry_that_cannot_be_edited_is_noted_and_not_tried_for_ever(photo, environment, output):
    metadata = put_in_review(str(output), photo)
    with pytest.raises(UnsupportedInstruction):
        decide_review(metadata, Decision.RETRY, "kim", "Contemplate the meaning of it all")
    stands = reviews.finish(metadata).review
    assert stands is not None
    assert stands.retried.startswith("refused: ")
    assert close_reviews().finished == ()


def test_the_daily_round_finishes_what_died(photo, environment, output, tmp_path):
    approved = put_in_review(str(output / "a"), tmp_path / "a.png")
    sent_back = edit_image(ask(photo)).metadata_uri
    for metadata, decision, prompt in (
        (approved, "approve", ""),
        (sent_back, "retry", "Make it a warm old photograph"),
    ):
        review = Review(decision=Decision(decision), by="kim", at=datetime.now(UTC), prompt=prompt)
        place = naming.decision_uri(metadata, reviews.finish(metadata))
        files.write_once(place, review.model_dump_json().encode())
    closed = close_reviews()
    assert set(closed.finished) == {approved, sent_back}
    assert closed.failed == closed.overdue == ()
    assert reviews.finish(approved).outcome is Outcome.ACCEPTED
    told = reviews.finish(sent_back).review
    assert told is not None
    assert reviews.finish(told.retried).request.prompt == "Make it a warm old photograph"
    assert close_reviews().finished == ()


@pytest.mark.parametrize(
    ("late", "passed", "failed"),
    [
        ("keep", Outcome.PENDING, Outcome.REJECTED),
        ("reject", Outcome.REJECTED, Outcome.REJECTED),
        ("approve", Outcome.ACCEPTED, Outcome.REJECTED),
    ],
)
def test_silence_loses_nothing_and_ends_as_the_policy_says(environment, output, tmp_path, late, passed, failed):
    pending = put_in_review(str(output), tmp_path / "a.png")
    rejected = put_in_review(str(output), tmp_path / "b.png", Outcome.REJECTED)
    environment(review_late=late)
    assert close_reviews().overdue == ()  # 14 days have not passed
    environment(review_days="0.0000001")
    closed = close_reviews()
    assert (reviews.finish(pending).outcome, reviews.finish(rejected).outcome) == (passed, failed)
    by = {uri: one.review.by if (one := reviews.finish(uri)).review else None for uri in (pending, rejected)}
    assert by == {
        pending: None if late == "keep" else "policy",
        rejected: "policy" if late == "reject" else None,
    }
    assert set(closed.decided) == {uri for uri in by if by[uri]}
    assert set(closed.overdue) == {uri for uri in by if not by[uri]}
    assert closed.waiting == len(closed.overdue)


def test_one_that_cannot_be_closed_does_not_hold_up_the_others(environment, output, tmp_path):
    broken = put_in_review(str(output), tmp_path / "a.png")
    Path(broken).write_text("{", encoding="utf-8")
    whole = put_in_review(str(output), tmp_path / "b.png")
    environment(review_late="approve", review_days="0.0000001")
    closed = close_reviews()
    assert (closed.failed, closed.decided) == ((broken,), (whole,))


def test_a_result_of_the_cache_waits_for_the_person_as_well(photo, environment, output, script, tmp_path):
    plans = script(warm, warm)
    environment(cache=tmp_path / "cache")
    assert edit_image(ask(photo, approval=False)).outcome is Outcome.ACCEPTED
    waiting = edit_image(ask(photo), str(tmp_path / "other"))
    assert (waiting.outcome, waiting.reused, len(plans)) == (Outcome.PENDING, True, 1)
    assert Path(waiting.output.uri).parent == tmp_path / "other" / "review"
    assert [item.uri for item in reviews.waiting(str(tmp_path / "other"))] == [waiting.metadata_uri]
    assert decide_review(waiting.metadata_uri, Decision.APPROVE, "kim").outcome is Outcome.ACCEPTED


def test_a_chain_stops_at_a_step_that_waits_and_goes_on_once_it_is_approved(photo, environment, script):
    plans = script(warm, warm, warm)
    steps = (
        Step(prompt="Give it a warm vintage look", approval=True),
        Step(prompt="Make it warmer, like an old photo"),
    )
    stopped = edit_chain(str(photo), steps)
    assert (stopped.completed, stopped.stopped_at) == (False, 1)
    assert (stopped.steps[0].ending, stopped.steps[0].reason) == (Ending.PENDING, "waits for approval")
    decide_review(stopped.steps[0].metadata_uri, Decision.APPROVE, "kim")
    done = edit_chain(str(photo), steps)
    assert (done.steps[0].ending, done.steps[0].reused) == (Ending.ACCEPTED, True)
    assert len(done.steps) == 2
    assert len(plans) >= 2


def test_a_batch_counts_what_waits(environment, output, tmp_path):
    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 255, (8, 8, 3), np.uint8)
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(noise).resize((96, 96)).save(tmp_path / "in" / f"{number}.png")
    recipe = tmp_path / "warm.yaml"
    recipe.write_text("prompt: Give it a warm vintage look\napproval: true\n", encoding="utf-8")
    result = edit_batch(str(tmp_path / "in"), recipe=str(recipe))
    assert (result.pending, result.accepted, result.rejected) == (2, 0, 0)
    for item in reviews.waiting(str(output)):
        decide_review(item.uri, Decision.REJECT, "kim", note="too warm")
    again = edit_batch(str(tmp_path / "in"), recipe=str(recipe))
    assert (again.pending, again.rejected, again.rejected_by) == (0, 2, {})
    assert "rejected by kim: too warm" in Path(again.table).read_text(encoding="utf-8-sig")


def test_a_decision_is_a_run_that_tells_of_itself(photo, environment):
    result = edit_image(ask(photo))
    state = decide_review(result.metadata_uri, Decision.APPROVE, "kim", return_state=True)
    assert EditResult.model_validate(state.result()).outcome is Outcome.ACCEPTED
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(run_id)
    assert run.parameters["by"] == "kim"
