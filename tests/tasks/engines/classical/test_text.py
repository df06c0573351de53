"""Text edits read back, and looked at with a ruler: same face, size, colour and place; nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tasks.domain.errors import EngineError, UnsupportedInstruction
from tasks.domain.instruction import Action, Operation
from tasks.domain.models import TextChange
from tasks.domain.wording import normalise
from tasks.engines.classical.text import add_text, remove_text, replace_text
from tasks.engines.text_reader import read_text
from tasks.imaging.area import bounding_box
from tasks.imaging.palette import NAMED
from tasks.imaging.region import cell
from tests.drawing import SIZE, Item, changed, ground, poster

PAIRS = [
    ("Grand Opening", "Winter Market", "LiberationSerif-Bold"),
    ("안녕하세요", "환영합니다", "NotoSansCJK-Bold"),
    ("周末免费体验", "今日特价", "NotoSerifCJK-Bold"),
]


def replace(old: str | None, new: str) -> Operation:
    return Operation(action=Action.REPLACE_TEXT, text=TextChange(old=old, new=new))


def read(picture: Image.Image) -> list[str]:
    return [normalise(line.text) for line in read_text(picture)]


@pytest.mark.parametrize("kind", ["flat", "slope", "rocket"])
@pytest.mark.parametrize(("old", "new", "face"), PAIRS)
def test_the_new_words_are_read_in_the_old_style_and_the_rest_is_untouched(old, new, face, kind):
    picture = poster(kind, Item(old, face), Item("Seoul 2026", at=(60, 300)))
    edited = replace_text(picture, replace(old, new), None)
    first, second = read_text(edited.image)
    assert normalise(new) in map(normalise, (first.text, *first.alternatives))
    assert normalise(second.text) == "seoul2026"
    assert edited.notes["font"] == face
    assert float(edited.notes["size"]) == pytest.approx(44, rel=0.06)
    assert float(edited.notes["fit"]) > 0.6
    touched = bounding_box(changed(picture, edited.image))
    assert touched.top >= 50
    assert touched.bottom <= 130


@pytest.mark.parametrize(("old", "new", "face"), PAIRS)
def test_on_a_banner_over_a_photograph_the_words_change_and_the_banner_stays_plain(old, new, face):
    picture = poster("chelsea", Item(old, face, banner="#101828", fill="#ffd84a"))
    assert read(replace_text(picture, replace(old, new), None).image) == [normalise(new)]
    bare = remove_text(picture, Operation(action=Action.REMOVE_TEXT, text=TextChange(old=old)), None).image
    lettering = np.asarray(bare, int)[changed(picture, bare)]
    assert np.abs(lettering - (0x10, 0x18, 0x28)).max() <= 2


def test_ink_keeps_its_colour():
    picture = poster("flat", Item("Summer Sale", fill="#f2a033"))
    edited = replace_text(picture, replace("Summer Sale", "Winter Sale"), None).image
    row = np.asarray(edited, int)[60:120].reshape(-1, 3)
    assert np.abs(row - (0xF2, 0xA0, 0x33)).max(axis=1).min() <= 3


def test_only_the_quoted_words_of_a_line_change_and_its_other_words_keep_their_pixels():
    picture = poster("flat", Item("Summer Sale 50%"))
    edited = replace_text(picture, replace("50%", "70%"), None).image
    assert read(edited) == ["summersale70"]
    assert not changed(picture, edited)[:, :300].any()


@pytest.mark.parametrize(
    ("places", "fixed"),
    [
        (((60, 60), (60, 160), (60, 260)), "left"),
        (((376, 60), (283, 160), (417, 260)), "right"),
    ],
)
def test_a_line_stays_aligned_with_its_neighbours(places, fixed):
    words = ("Opening", "Summer Sale", "Market")
    picture = poster("flat", *(Item(text, at=at) for text, at in zip(words, places, strict=True)))
    before, after = (
        next(line.box for line in read_text(each) if text in line.text)
        for each, text in (
            (picture, "Summer"),
            (replace_text(picture, replace("Summer Sale", "Gift"), None).image, "Gift"),
        )
    )
    assert getattr(after, fixed) == pytest.approx(getattr(before, fixed), abs=6)


def test_words_that_do_not_fit_are_set_smaller_or_broken_and_never_run_off_the_picture():
    picture = poster("flat", Item("Sale", size=120))
    edited = replace_text(picture, replace("Sale", "Everything must go by Friday"), None).image
    assert "everythingmustgobyfriday" in "".join(read(edited))
    touched = bounding_box(changed(picture, edited))
    assert touched.right < SIZE[0] - 4


def test_a_quotation_that_runs_over_two_lines_is_found():
    picture = poster("flat", Item("Grand Opening"), Item("This Friday", at=(60, 130)))
    edited = replace_text(picture, replace("Grand Opening This Friday", "Closing Down Next Monday"), None).image
    assert "".join(read(edited)) == "closingdownnextmonday"


@pytest.mark.parametrize("kind", ["flat", "slope", "coffee"])
def test_removed_words_leave_a_ground_that_gives_nothing_away(kind):
    edited = remove_text(
        poster(kind, Item("SOLD OUT")), Operation(action=Action.REMOVE_TEXT, text=TextChange(old="SOLD OUT")), None
    ).image
    assert not [line for line in read_text(edited) if line.confidence > 0.6]
    difference = np.abs(np.asarray(edited, int) - np.asarray(ground(kind), int))
    assert difference[60:120, 60:320].mean() < (1 if kind != "coffee" else 9)


def test_only_what_the_mask_allows_is_meant():
    picture = poster("flat", Item("SALE"), Item("SALE", at=(60, 300)))
    allowed = np.zeros(SIZE[::-1], bool)
    allowed[280:] = True
    edited = replace_text(picture, replace("SALE", "GIFT"), allowed).image
    assert read(edited) == ["sale", "gift"]
    assert not changed(picture, edited)[:280].any()


def test_words_that_are_not_there_are_named_with_those_that_are():
    with pytest.raises(UnsupportedInstruction, match=r"'Winter' was not found.*seen were: 'Summer Sale'"):
        replace_text(poster("flat", Item("Summer Sale")), replace("Winter", "Spring"), None)


def test_characters_no_typeface_draws_are_refused():
    with pytest.raises(EngineError, match="no typeface"):
        replace_text(poster("flat", Item("Hello")), replace("Hello", "𓀀𓁀𓂀"), None)


@pytest.mark.parametrize("text", ["NEW ARRIVALS", "신상품 입고", "新品上市"])
@pytest.mark.parametrize(("place", "side"), [("top-left", "left"), ("bottom-right", "right"), ("center", None)])
def test_added_words_are_read_at_their_place(text, place, side):
    operation = Operation(action=Action.ADD_TEXT, text=TextChange(new=text), place=place, colour="yellow")
    picture = ground("rocket")
    edited = add_text(picture, operation, cell(SIZE, place, wide=True)).image
    assert normalise(text) in read(edited)
    touched = bounding_box(changed(picture, edited))
    if side == "left":
        assert touched.left < 0.1 * SIZE[0]
    if side == "right":
        assert touched.right > 0.9 * SIZE[0]


def test_added_words_take_after_their_neighbours_and_can_be_read():
    picture = poster("flat", Item("Summer Sale", "LiberationSerif-Bold"))
    edited = add_text(picture, Operation(action=Action.ADD_TEXT, text=TextChange(new="until Friday")), None)
    assert edited.notes["font"] == "LiberationSerif-Bold"
    assert "untilfriday" in read(edited.image)


def test_a_colour_asked_for_is_the_colour_printed():
    operation = Operation(action=Action.ADD_TEXT, text=TextChange(new="NEW"), colour="red")
    edited = add_text(ground("flat"), operation, None).image
    pixels = np.asarray(edited, int).reshape(-1, 3)
    assert np.abs(pixels - NAMED["red"]).max(axis=1).min() == 0


def test_words_are_not_written_over_other_words():
    picture = poster("flat", Item("Summer Sale", at=(150, 330)))
    edited = add_text(picture, Operation(action=Action.ADD_TEXT, text=TextChange(new="Friday")), None).image
    assert {"summersale", "friday"} <= set(read(edited))


def test_tiny_pictures_are_no_disaster():
    small = Image.new("RGB", (40, 20), "navy")
    ImageDraw.Draw(small).point((3, 3), "white")
    operation = Operation(action=Action.ADD_TEXT, text=TextChange(new="Hello"), place="top-left")
    assert add_text(small, operation, None).image.size == (40, 20)
