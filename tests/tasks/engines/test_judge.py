"""A vision-language judge may refuse what everything else let pass; it is not asked about the rest."""

from __future__ import annotations

from PIL import Image

from tasks.domain.models import Check, CheckName, FailureClass, Verdict
from tasks.engines.judge import Judgement, second_opinion

PICTURE = Image.new("RGB", (8, 8))
PASSED = Check(name=CheckName.INTACT, score=2, threshold=1, passed=True)
FAILED = Check(name=CheckName.INTACT, score=0, threshold=1, passed=False, failure=FailureClass.DAMAGED)


class Strict:
    """A judge that finds that nothing was done."""

    asked = 0

    def judge(self, source: Image.Image, candidate: Image.Image, prompt: str) -> Judgement:
        del source, candidate, prompt
        self.asked += 1
        return Judgement(followed=1, consistent=9, reason="the sky is still grey")


def test_a_judge_refuses_and_says_why():
    found = second_opinion(Verdict(checks=(PASSED,)), Strict(), PICTURE, PICTURE, "make the sky blue")
    assert not found.passed
    assert found.failures == (FailureClass.NOT_FOLLOWED,)
    assert "still grey" in found.checks[-1].detail


def test_a_judge_is_not_asked_about_what_has_failed_already_and_an_engine_without_one_changes_nothing():
    strict = Strict()
    failed, passed = Verdict(checks=(FAILED,)), Verdict(checks=(PASSED,))
    assert second_opinion(failed, strict, PICTURE, PICTURE, "x") == failed
    assert strict.asked == 0
    assert second_opinion(passed, object(), PICTURE, PICTURE, "x") == passed
