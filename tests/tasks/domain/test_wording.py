from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.wording import Script, character_error_rate, normalise, occurrences, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Sale 50%", Script.LATIN),
        ("限时抢购", Script.HANZI),
        ("여름 세일", Script.HANGUL),
        ("서울 首爾", Script.HANGUL),
    ],
)
def test_the_script_says_which_font_can_draw_a_text(text, script):
    assert script_of(text) is script


@pytest.mark.parametrize(
    ("text", "same"),
    [("Ｓａｌｅ 50％!", "sale50"), (" 안녕 하세요. ", "안녕하세요"), ("%", "%"), ("& !", "&!")],
)
def test_what_readers_get_wrong_is_left_out(text, same):
    assert normalise(text) == same


@pytest.mark.parametrize(
    ("quotation", "text", "found"),
    [
        ("50% OFF", "Summer Sale 50% OFF", ["50% OFF"]),
        ("50%", "now 50% off", ["50%"]),
        ("안녕하세요", "서울 안녕하세요 여러분", ["안녕하세요"]),
        ("sale", "SALE and Sale", ["SALE", "Sale"]),
        ("Summer", "Sunmer Sale", ["Sunmer"]),
        ("Winter", "Summer", []),
        ("", "Summer", []),
    ],
)
def test_a_quotation_is_found_exactly_or_with_one_misread_character_in_five(quotation, text, found):
    assert [text[span.start : span.end] for span in occurrences(quotation, text)] == found


def test_exact_places_win_over_close_ones():
    spans = occurrences("cart", "card cart")
    assert [(span.start, span.errors) for span in spans] == [(5, 0)]


@given(st.text(min_size=1, max_size=30))
def test_a_text_reads_like_itself(text):
    assert character_error_rate(text, text) == 0


@given(st.text(max_size=30), st.text(max_size=30))
def test_places_lie_inside_the_text_and_never_overlap(quotation, text):
    spans = occurrences(quotation, text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
