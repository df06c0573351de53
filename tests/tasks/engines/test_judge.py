"""A vision-language judge may refuse what everything else let pass; it is not asked about the rest."""

from __future__ import annotations

import pytest

from tasks.domain.errors import EngineError
from tasks.domain.models import Check, CheckName, FailureClass, Verdict
from tasks.engines.assistant.judging import CONSISTENT
from tasks.engines.judge import second_opinion
from tests.tasks.engines.assistant.scripted import PICTURE, BrokenVision, ScriptedVision

PASSED = Verdict(checks=(Check(name=CheckName.INTACT, score=2, threshold=1, passed=True),))
FAILED = Verdict(
    checks=(Check(name=CheckName.INTACT, score=0, threshold=1, passed=False, failure=FailureClass.DAMAGED),)
)


def judging(followed: int, consistent: int) -> ScriptedVision:
    return ScriptedVision(
        lambda question, meaning: float(int(meaning) == (consistent if CONSISTENT in question else followed))
    )


@pytest.mark.parametrize(
    ("followed", "consistent", "failures"),
    [
        (1, 9, (FailureClass.NOT_FOLLOWED,)),
        (9, 1, (FailureClass.STRUCTURE_LOST,)),
        (9, 9, ()),
    ],
)
def test_a_judge_may_refuse_for_either_reason(followed, consistent, failures):
    found = second_opinion(PASSED, judging(followed, consistent), PICTURE, PICTURE, "make the sky blue")
    assert found.passed is not bool(failures)
    assert found.failures == failures
    assert found.checks[-1].name is CheckName.JUDGED
    assert found.checks[-1].measures["instruction followed"] == pytest.approx(followed, abs=0.1)


def test_a_judge_is_not_asked_about_what_has_failed_already():
    assert second_opinion(FAILED, BrokenVision(), PICTURE, PICTURE, "x") == FAILED


def test_without_a_model_nothing_changes():
    assert second_opinion(PASSED, None, PICTURE, PICTURE, "x") == PASSED


def test_a_judge_that_fails_says_so():
    with pytest.raises(EngineError):
        second_opinion(PASSED, BrokenVision(), PICTURE, PICTURE, "x")
