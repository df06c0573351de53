"""How results are marked, by what was done."""

import pytest

from tasks.domain.instruction import EXAMPLES, Action
from tasks.domain.marking import KINDS, MARKED, STANDARD, EditClass, class_of
from tasks.domain.models import Label, Marks


@pytest.mark.parametrize("prompt", [prompt for examples in EXAMPLES.values() for prompt in examples])
def test_whatever_a_trained_model_was_asked_its_work_is_generative(prompt):
    assert class_of(prompt, trained=True) is EditClass.GENERATIVE


@pytest.mark.parametrize(("action", "prompt"), [(a, prompt) for a, examples in EXAMPLES.items() for prompt in examples])
def test_without_a_model_light_and_colour_are_standard_editing_and_content_is_not(action, prompt):
    assert class_of(prompt, trained=False) is (EditClass.ASSISTIVE if action in STANDARD else EditClass.SYNTHETIC)


def test_one_addition_among_adjustments_is_no_standard_editing():
    assert class_of("Brighten the picture and remove the text 'SALE'", trained=False) is EditClass.SYNTHETIC
    assert class_of("something nobody understands", trained=False) is EditClass.SYNTHETIC


def test_every_class_has_its_row_and_words_in_three_languages_or_none():
    assert set(KINDS) == set(EditClass)
    for kind in KINDS.values():
        assert set(kind.words) in (set(), {Label.EN, Label.KO, Label.ZH})
    assert "AI" in KINDS[EditClass.GENERATIVE].words[Label.KO]


def test_what_a_model_made_is_marked_unless_marks_are_off():
    assert [marks for marks in Marks if EditClass.GENERATIVE not in MARKED[marks]] == [Marks.NONE]
    assert EditClass.ASSISTIVE not in MARKED[Marks.GENERATIVE]
    assert Action.STYLE not in STANDARD
