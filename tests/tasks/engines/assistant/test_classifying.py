"""The model is asked where the words leave the kind open, and overrules them only when it is sure."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tasks.domain import classification
from tasks.domain.errors import EngineError
from tasks.domain.models import EditType
from tasks.engines.assistant.classifying import MEANINGS, classify, decide
from tests.tasks.engines.assistant.scripted import PICTURE, BrokenVision, ScriptedVision

VAGUE = "Zazzify"


def believes(kind: EditType, weight: float = 9.0, liking: Mapping[str, float] | None = None) -> ScriptedVision:
    return ScriptedVision(lambda _, meaning: weight if meaning == MEANINGS[kind] else 1.0, liking)


@pytest.mark.parametrize("kind", EditType)
@pytest.mark.parametrize("liked", "ABCD")
def test_the_kind_believed_in_is_found_whatever_letter_the_model_likes(kind, liked):
    found = classify(believes(kind, liking={liked: 50.0}), PICTURE, VAGUE)
    assert found is not None
    assert found.edit_type is kind
    assert found.confidence == pytest.approx(0.75)


def test_a_model_that_only_likes_a_letter_knows_nothing():
    assert classify(ScriptedVision(liking={"C": 1000.0}), PICTURE, VAGUE) is None


def test_where_the_rules_are_sure_the_model_is_not_asked():
    rules = classification.classify("Remove the tree")
    assert decide(rules, BrokenVision(), PICTURE, "Remove the tree") == rules


def test_where_the_rules_are_unsure_the_model_decides_and_the_reason_says_so():
    rules = classification.classify(VAGUE)
    found = decide(rules, believes(EditType.SEMANTIC), PICTURE, VAGUE)
    assert found.edit_type is EditType.SEMANTIC
    assert "the vision-language model" in found.reason
    assert "the rules were unsure (appearance 0.20" in found.reason


def test_where_neither_is_sure_the_rules_stand_and_the_reason_says_so():
    rules = classification.classify(VAGUE)
    found = decide(rules, believes(EditType.SEMANTIC, weight=1.2), PICTURE, VAGUE)
    assert (found.edit_type, found.confidence) == (rules.edit_type, rules.confidence)
    assert "not sure either" in found.reason


def test_the_instruction_is_shown_with_the_picture_once_per_labelling():
    vision = believes(EditType.TEXT)
    classify(vision, PICTURE, "한번 멋지게")
    assert len(vision.questions) == len(MEANINGS)
    assert all("한번 멋지게" in question for question in vision.questions)
    assert all(len(shown) == 1 for shown in vision.shown)


def test_a_model_that_fails_says_so():
    with pytest.raises(EngineError, match="out of order"):
        classify(BrokenVision(), PICTURE, VAGUE)
