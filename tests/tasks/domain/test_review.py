from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasks.domain.results import Decision, EditResult, Outcome, Review
from tasks.domain.review import Late, Waiting, is_overdue, late_decision, page_of, retry_of, standing
from tasks.storage.records import read_result
from tests.reviewing import put_in_review

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture
def pending(tmp_path) -> EditResult:
    return read_result(put_in_review(str(tmp_path), tmp_path / "a.png"))


@pytest.fixture
def rejected(tmp_path) -> EditResult:
    return read_result(put_in_review(str(tmp_path), tmp_path / "b.png", Outcome.REJECTED))


def test_metadata_of_before_there_were_reviews_still_reads(pending):
    fields = pending.model_dump(mode="json", exclude={"review": True, "request": {"approval"}})
    earlier = EditResult.model_validate(fields)
    assert (earlier.review, earlier.request.approval) == (None, False)


@pytest.mark.parametrize(("days", "overdue"), [(13, False), (14, False), (15, True)])
def test_a_result_is_overdue_when_its_days_are_over(days, overdue):
    assert is_overdue(NOW - timedelta(days=days), NOW, 14) is overdue


@pytest.mark.parametrize(
    ("late", "of_pending", "of_rejected"),
    [(Late.KEEP, None, None), (Late.REJECT, Decision.REJECT, Decision.REJECT), (Late.APPROVE, Decision.APPROVE, None)],
)
def test_the_policy_never_approves_what_failed_its_checks(pending, rejected, late, of_pending, of_rejected):
    assert (late_decision(pending, late), late_decision(rejected, late)) == (of_pending, of_rejected)


def test_it_is_said_why_a_result_is_not_delivered_and_who_decided(pending, rejected):
    assert standing(pending) == "waits for approval"
    assert standing(rejected) == "structure lost"
    review = Review(decision=Decision.APPROVE, by="kim", at=NOW, note="좋다")
    told = rejected.model_copy(update={"review": review, "outcome": Outcome.ACCEPTED})
    assert standing(told) == "approved by kim: 좋다"


def test_a_retry_is_the_same_request_in_other_words_and_no_picture_of_the_cache(pending):
    review = Review(decision=Decision.RETRY, by="kim", at=NOW, prompt="Make it warm")
    retry = retry_of(pending, review, "out")
    same = {"prompt": pending.request.prompt, "metadata": pending.request.metadata, "cache": True}
    assert retry.request.cache is False
    assert retry.request.model_copy(update=same) == pending.request
    assert retry == retry_of(pending, review, "out")


@pytest.mark.parametrize(("number", "shown"), [(-3, 4), (1, 4), (2, 4), (3, 1), (9, 1)])
def test_a_page_beyond_the_last_is_the_last(number, shown):
    waiting = [Waiting(uri=str(place), since=NOW) for place in range(9)]
    items, pages = page_of(waiting, number, 4)
    assert (len(items), pages) == (shown, 3)
    assert page_of([], 1, 4) == ([], 1)
