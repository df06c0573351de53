from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from tasks.domain.models import Box, CheckName, Contract, EditType, FailureClass, TextChange, TextLine
from tasks.imaging.checks.text import check_text
from tasks.imaging.evidence import Evidence


def line(text: str, top: int = 0, confidence: float = 0.95, alternatives: tuple[str, ...] = ()) -> TextLine:
    return TextLine(text=text, box=Box(10, top, 200, top + 30), confidence=confidence, alternatives=alternatives)


def check(change: TextChange, before: list[TextLine], after: list[TextLine], which: str | None = None):
    contract = Contract(edit_type=EditType.TEXT, text_changes=(change,), checks=(CheckName.TEXT,), which=which)
    source, candidate = drawn(before), drawn(after)
    return check_text(
        Evidence(source, candidate, contract, None, False, lambda picture: before if picture is source else after)
    )


def drawn(lines: list[TextLine]) -> Image.Image:
    """A block for each line, of a shade that stands for its words."""
    picture = Image.new("RGB", (400, 200))
    for each in lines:
        ImageDraw.Draw(picture).rectangle(each.box, fill=(60 + sum(map(ord, each.text)) % 180, 120, 200))
    return picture


GREETING = TextChange(old="안녕하세요", new="환영합니다")


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (GREETING, [line("안녕하세요"), line("Seoul", 50)], [line("환영 합니다"), line("Seoul", 50)]),
        (TextChange(old="Sale", new="Summer Sale"), [line("Sale")], [line("Summer Sale")]),
        (TextChange(old="SALE"), [line("SALE"), line("Menu", 60)], [line("Menu", 60)]),
        (TextChange(new="新品"), [line("菜单")], [line("菜单"), line("新品", 90)]),
        (TextChange(old="sale", new="SALE"), [line("sale")], [line("SALE")]),
        (GREETING, [line("안녕하세요")], [line("환명합니다", alternatives=("환영합니다",))]),
        (GREETING, [line("안녕하세요"), line("smudge", 60, confidence=0.5)], [line("환영합니다")]),
        (GREETING, [line("안녕하세요"), line("Night Market", 60)], [line("환영합니다"), line("Nlght Market", 60)]),
    ],
    ids=[
        "replaced",
        "grown",
        "removed",
        "added",
        "capitals",
        "second reading",
        "doubtful line gone",
        "reader stumbled",
    ],
)
def test_what_was_asked_for_passes(change, before, after):
    found = check(change, before, after)
    assert found.passed, found
    assert found.score == 1.0


@pytest.mark.parametrize(
    ("change", "before", "after", "failure"),
    [
        (GREETING, [line("안녕하세요")], [line("안녕하세요")], FailureClass.TEXT_MISSING),
        (GREETING, [line("안녕하세요")], [line("환명합니다")], FailureClass.TEXT_WRONG),
        (GREETING, [line("안녕하세요")], [line("환영합니다"), line("안녕하세요", 60)], FailureClass.OLD_TEXT_LEFT),
        (GREETING, [line("안녕하세요")], [line("환영합니다", 150)], FailureClass.WRONG_PLACE),
        (GREETING, [line("안녕하세요"), line("Seoul Market", 60)], [line("환영합니다")], FailureClass.OTHER_TEXT_LOST),
        (TextChange(old="SALE"), [line("SALE")], [line("SALE")], FailureClass.OLD_TEXT_LEFT),
        (TextChange(new="新品"), [], [], FailureClass.TEXT_MISSING),
        (TextChange(old="sale", new="SALE"), [line("sale")], [line("sale")], FailureClass.TEXT_WRONG),
    ],
)
def test_each_way_of_getting_it_wrong_has_its_name(change, before, after, failure):
    found = check(change, before, after)
    assert not found.passed
    assert found.failure is failure
    assert found.score < 1


def test_of_two_equal_lines_the_one_that_is_meant_changes_and_the_other_stays():
    change = TextChange(old="OPEN", new="CLOSED")
    before = [line("OPEN", 20), line("OPEN", 120)]
    assert check(change, before, [line("OPEN", 20), line("CLOSED", 120)], "bottom").passed
    assert not check(change, before, [line("CLOSED", 20), line("OPEN", 120)], "bottom").passed
    assert not check(change, before, [line("CLOSED", 20), line("CLOSED", 120)], "bottom").passed
    assert not check(change, before, [line("OPEN", 20), line("CLOSED", 120)]).passed


def test_capitals_count_where_a_reader_can_tell_them():
    change = TextChange(old="Book", new="Garden Party")
    assert check(change, [line("Book")], [line("Garden Party")]).passed
    assert check(change, [line("Book")], [line("GARDEN PARTY")]).failure is FailureClass.TEXT_WRONG
