from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier

import pytest

from tasks.domain.errors import AlreadyDecided, ImageError, RequestError
from tasks.domain.results import Decision, EditResult, Outcome, Review
from tasks.storage import files, listing, reviews
from tests.reviewing import OUTCOMES, put_in_review

AT = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)


class Killed(BaseException):
    """The process died."""


def says(decision: Decision, by: str = "kim", prompt: str = "") -> Review:
    return Review(decision=decision, by=by, at=AT, note="보기 좋다", prompt=prompt)


def names(place: str) -> set[str]:
    return {entry.key for entry in listing.under(place)}


def answer(metadata: str, start: Barrier, decision: Decision) -> str:
    """What one of two people who decide at once is told."""
    by = "kim" if decision is Decision.APPROVE else "lee"
    start.wait()
    try:
        return f"{by} {reviews.decide(metadata, says(decision, by=by)).outcome}"
    except AlreadyDecided as late:
        return f"late: {late}"


@pytest.fixture
def dying(monkeypatch):
    """Call it with a number: after so many changes to files the process dies; None: it lives."""
    left: list[int | None] = [None]

    def counted(change):
        def once(*arguments):
            if left[0] == 0:
                raise Killed
            left[0] = left[0] and left[0] - 1
            return change(*arguments)

        return once

    for name in ("write_once", "replace", "delete"):
        monkeypatch.setattr(files, name, counted(getattr(files, name)))
    return lambda number: left.__setitem__(0, number)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_is_approved_lies_where_accepted_results_lie_and_nothing_of_it_in_review(base, tmp_path, outcome):
    metadata = put_in_review(base, tmp_path / "a.png", outcome)
    before = reviews.finish(metadata)
    result = reviews.decide(metadata, says(Decision.APPROVE))
    assert result.outcome is Outcome.ACCEPTED
    assert result.review == says(Decision.APPROVE)
    assert result.attempts[-1].verdict == before.attempts[-1].verdict
    assert hashlib.sha256(files.read(result.output.uri)).hexdigest() == result.output.file_sha256
    assert EditResult.model_validate_json(files.read(result.metadata_uri)) == result
    left = names(base)
    assert len(left) == 4
    assert not any(name.startswith("review/") for name in left)
    assert {files.join(base, name) for name in left} == {
        result.metadata_uri,
        result.output.uri,
        result.sheet_uri,
        result.mask_uri,
    }


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_is_rejected_stays_and_says_who_and_why(base, tmp_path, outcome):
    metadata = put_in_review(base, tmp_path / "a.png", outcome)
    result = reviews.decide(metadata, says(Decision.REJECT))
    assert result.outcome is Outcome.REJECTED
    assert EditResult.model_validate_json(files.read(metadata)).review == says(Decision.REJECT)
    assert files.exists(result.output.uri)
    assert reviews.waiting(base) == []


def test_a_retry_is_due_until_somebody_notes_that_it_was_begun(base, tmp_path):
    metadata = put_in_review(base, tmp_path / "a.png")
    result = reviews.decide(metadata, says(Decision.RETRY, prompt="Make the sky pink"))
    retry = reviews.retry_due(metadata, result)
    assert retry is not None
    assert retry.request.prompt == "Make the sky pink"
    assert retry.request.metadata == {"campaign": "여름", "retry_of": metadata}
    assert (retry.output, retry.engine) == (base, "classical")
    told = reviews.retried(metadata, result, "run 1")
    assert reviews.retry_due(metadata, told) is None
    assert reviews.finish(metadata) == told


def test_a_retry_without_an_instruction_decides_nothing(base, tmp_path):
    metadata = put_in_review(base, tmp_path / "a.png")
    with pytest.raises(RequestError, match="the instruction is empty"):
        reviews.decide(metadata, says(Decision.RETRY, prompt=" "))
    assert [item.uri for item in reviews.waiting(base)] == [metadata]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("decision", Decision)
def test_killed_between_any_two_steps_nothing_is_lost_and_whoever_comes_next_finishes_it(
    base, tmp_path, outcome, decision, dying
):
    review = says(decision, prompt="Make the sky pink" if decision is Decision.RETRY else "")
    died = 0
    while True:
        place = files.join(base, str(died))
        dying(None)
        metadata = put_in_review(place, tmp_path / f"{died}.png", outcome)
        dying(died)
        try:
            whole = reviews.decide(metadata, review)
            break
        except Killed:
            dying(None)
        decided = bool([name for name in names(place) if name.endswith("-decision.json")]) or died > 0
        assert bool(reviews.waiting(place)) is not decided
        result = reviews.finish(metadata)  # whoever comes next
        assert (result.review == review) is decided
        assert hashlib.sha256(files.read(result.output.uri)).hexdigest() == result.output.file_sha256
        if decided:
            with pytest.raises(AlreadyDecided, match="by kim on 2026-11-26 10:30 UTC"):
                reviews.decide(metadata, says(Decision.REJECT, by="lee"))
        assert reviews.decide(metadata, review).review == review
        left = names(place)
        gone = [name for name in left if name.startswith("review/")] if decision is Decision.APPROVE else []
        assert set(gone) <= {name for name in left if name.endswith("-decision.json")}  # at the most what says so
        died += 1
    assert whole.review == review
    assert died >= 2


def test_of_two_who_decide_at_once_exactly_one_does_and_the_other_is_told(base, tmp_path):
    for number in range(5):
        metadata = put_in_review(files.join(base, str(number)), tmp_path / f"{number}.png")
        with ThreadPoolExecutor(2) as people:
            told = list(people.map(partial(answer, metadata, Barrier(2)), (Decision.APPROVE, Decision.REJECT)))
        first, late = sorted(told, key=lambda one: one.startswith("late"))
        assert first in {"kim accepted", "lee rejected"}
        assert f"by {first.split()[0]} on" in late
        stands = reviews.finish(metadata).review
        assert stands is not None
        assert stands.by == first.split()[0]


def test_deciding_the_same_again_is_harmless(base, tmp_path):
    metadata = put_in_review(base, tmp_path / "a.png")
    first = reviews.decide(metadata, says(Decision.APPROVE))
    assert reviews.decide(metadata, says(Decision.APPROVE)) == first


def test_waiting_lists_every_depth_and_nothing_that_is_no_result_in_review(base, tmp_path):
    wanted = [put_in_review(files.join(base, depth), tmp_path / f"{depth[:1]}.png") for depth in ("a", "b/c/d")]
    done = put_in_review(base, tmp_path / "z.png")
    reviews.decide(done, says(Decision.REJECT))
    reviews.decide(put_in_review(base, tmp_path / "y.png"), says(Decision.APPROVE))
    files.write_once(files.join(base, "review/room-cosy-instagram-0123456789ab.json"), b"{}")  # a campaign's piece
    assert [item.uri for item in reviews.waiting(base)] == wanted
    assert list(reviews.decided(base)) == [done]


def test_a_result_whose_picture_was_taken_away_cannot_be_approved(base, tmp_path):
    metadata = put_in_review(base, tmp_path / "a.png")
    files.delete(reviews.finish(metadata).output.uri)
    with pytest.raises(ImageError, match="ask for the edit again"):
        reviews.decide(metadata, says(Decision.APPROVE))


@pytest.mark.parametrize(
    "metadata",
    ["out/a-0123456789ab.json", "out/review/a.json", "out/review/a-0123456789ab-01234567-decision.json", "", "review"],
)
def test_what_is_no_metadata_in_review_is_refused(metadata):
    with pytest.raises(RequestError, match="is no metadata in a review folder"):
        reviews.decide(metadata, says(Decision.APPROVE))


def test_a_result_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RequestError, match="review list shows what waits"):
        reviews.decide(str(tmp_path / "review/a-0123456789ab.json"), says(Decision.APPROVE))
