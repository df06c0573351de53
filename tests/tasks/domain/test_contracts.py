"""What must hold is read from the words, in three languages."""

from __future__ import annotations

import pytest

from tasks.domain.contracts import draw_contract
from tasks.domain.models import CheckName, EditType, TextChange


@pytest.mark.parametrize(
    ("prompt", "change"),
    [
        ('Make the sign say "Open" instead of "Closed"', TextChange(old="Closed", new="Open")),
        ("把“售罄”改成“有票”", TextChange(old="售罄", new="有票")),
        ("'예약석' 대신 '자유석'이라고 써줘", TextChange(old="예약석", new="자유석")),
    ],
)
def test_quoted_words_are_what_goes_and_what_comes(prompt, change):
    contract = draw_contract(prompt, EditType.TEXT, masked=False)
    assert contract.text_changes == (change,)
    assert {CheckName.TEXT, CheckName.LETTERING, CheckName.GROUND} <= set(contract.checks)


@pytest.mark.parametrize(
    ("prompt", "which"),
    [
        ("Change the lower 'OPEN' to 'CLOSED'", "bottom"),
        ("위쪽에 있는 '예약석'을 '자유석'으로 바꿔줘", "top"),
        ("把右边的“售罄”改成“有票”", "right"),
        ("Change 'top left' to 'bottom'", None),
    ],
)
def test_words_outside_the_quotes_tell_equal_texts_apart(prompt, which):
    assert draw_contract(prompt, EditType.TEXT, masked=False).which == which


@pytest.mark.parametrize(
    ("prompt", "restyled"),
    [
        ("Change 'Red Sale' to 'Blue Sale'", False),
        ("Change 'Sale' to 'Sold', keep the same font and colour", False),
        ("Change 'Sale' to 'Sold' in red", True),
        ("'세일'을 '품절'로 더 굵게 바꿔줘", True),
    ],
)
def test_lettering_is_only_compared_with_the_old_when_it_is_to_stay_like_it(prompt, restyled):
    assert draw_contract(prompt, EditType.TEXT, masked=False).restyled is restyled


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("Make the mug on the left yellow", ("yellow",)),
        ("在左上角添加一个黄色的太阳", ("yellow",)),
        ("Change the red car to blue", ("blue",)),
        ("Blur the background", ()),
    ],
)
def test_the_colour_that_is_asked_for_is_what_the_change_must_go_towards(prompt, colours):
    assert draw_contract(prompt, EditType.APPEARANCE, masked=False).colours == colours


def test_a_whole_picture_adjustment_is_held_to_what_a_look_is_held_to_unless_a_mask_limits_it():
    assert CheckName.COMPOSITION in draw_contract("Brighten the picture", EditType.APPEARANCE, masked=False).checks
    assert CheckName.PRESERVED in draw_contract("Brighten the picture", EditType.APPEARANCE, masked=True).checks
