import pytest
from pydantic import ValidationError

from tasks.domain.models import Check, CheckName, EditRequest, EditType, FailureClass, Verdict
from tasks.domain.recipes import RECIPES


def check(score: float, threshold: float = 1.0) -> Check:
    passed = score >= threshold
    failure = None if passed else FailureClass.BLURRED
    return Check(name=CheckName.SHARPNESS, score=score, threshold=threshold, passed=passed, failure=failure)


def test_a_verdict_without_checks_is_not_passed():
    assert not Verdict(checks=()).passed
    assert Verdict(checks=()).score == 0


def test_one_failed_check_fails_the_verdict_and_names_its_class():
    verdict = Verdict(checks=(check(2.0), check(0.4)))
    assert not verdict.passed
    assert verdict.failures == (FailureClass.BLURRED,)
    assert verdict.score == pytest.approx(0.7)


def test_a_verdict_survives_the_way_through_json():
    verdict = Verdict(checks=(check(0.4),))
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "x" * 2001])
def test_an_empty_or_endless_instruction_is_refused(prompt):
    with pytest.raises(ValidationError):
        EditRequest(image="a.png", prompt=prompt)


def test_every_edit_type_has_the_recipe_of_the_field_guide():
    parameters = {kind: (recipe.cfg_scale, recipe.steps) for kind, recipe in RECIPES.items()}
    assert parameters == {
        EditType.SEMANTIC: (3.5, 50),
        EditType.APPEARANCE: (4.5, 50),
        EditType.TEXT: (4.0, 75),
        EditType.HYBRID: (4.0, 50),
    }
    assert all(recipe.negative_prompt for recipe in RECIPES.values())
