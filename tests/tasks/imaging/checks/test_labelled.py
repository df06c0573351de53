"""Drawn posters edited well and badly, judged as a user would have them judged: everything from the instruction."""

from __future__ import annotations

import pytest

from tasks.domain.models import FailureClass
from tests.edits.judging import judged
from tests.edits.texts import text_pairs

EXPECTED = {
    "untouched": set(),
    "through vae": set(),
    "no change": {FailureClass.OLD_TEXT_LEFT, FailureClass.TEXT_MISSING, FailureClass.TEXT_WRONG},
    "misspelt": {FailureClass.TEXT_WRONG},
    "other line lost": {FailureClass.OTHER_TEXT_LOST, FailureClass.STRUCTURE_LOST},
    "ghost": {FailureClass.OLD_TEXT_LEFT},
    "remains": {FailureClass.OLD_TEXT_LEFT, FailureClass.TEXT_WRONG},
    "wrong size": {FailureClass.STYLE_LOST},
    "wrong ink": {FailureClass.STYLE_LOST, FailureClass.TEXT_UNREADABLE},
    "low contrast": {FailureClass.TEXT_UNREADABLE, FailureClass.TEXT_MISSING, FailureClass.TEXT_WRONG},
    "misplaced": {FailureClass.WRONG_PLACE},
}


@pytest.mark.parametrize(("language", "seed"), [("en", 5), ("zh", 0), ("ko", 0)])
def test_each_way_to_edit_a_line_badly_is_caught_and_named(language, seed):
    wrong = {}
    for pair in text_pairs(seed, language, "dev"):
        if pair.case in EXPECTED:
            found = set(judged(pair).failures)
            if not (found & EXPECTED[pair.case] or found == EXPECTED[pair.case]):
                wrong[pair.case] = found
    assert not wrong
