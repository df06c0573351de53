"""A stroke too few or too many in a syllable is seen in the ink, whatever a reader makes of it."""

from __future__ import annotations

import pytest

from tasks.imaging.fitting import drafted
from tasks.imaging.lettering import LineStyle, draw_line
from tasks.imaging.spelling import certainty
from tasks.imaging.typeface import BUNDLED, covers
from tests.drawing import face_named

HANGUL = [face for face in BUNDLED if covers(face, "한")]


def seen(text: str):
    return draw_line((70, 420), LineStyle(face_named("NotoSansCJK-Bold"), 48), text, 12, 52)


@pytest.mark.parametrize("text", ["안녕하세요", "여름 할인"])
def test_the_right_words_explain_their_own_ink_best(text):
    found = drafted(seen(text), text, HANGUL)
    assert found is not None
    assert (certainty(found[0], text, found[1]) or 0) > 0


@pytest.mark.parametrize(("drawn", "wanted"), [("안넝하세요", "안녕하세요"), ("여름 활인", "여름 할인")])
def test_one_wrong_vowel_is_found(drawn, wanted):
    found = drafted(seen(drawn), wanted, HANGUL)
    assert found is not None
    assert (certainty(found[0], wanted, found[1]) or 0) < -0.06


def test_words_without_hangul_are_not_judged():
    found = drafted(seen("SALE"), "SALE", HANGUL)
    assert found is not None
    assert certainty(found[0], "SALE", found[1]) is None
