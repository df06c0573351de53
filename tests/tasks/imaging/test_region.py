from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from tasks.domain.errors import RequestError
from tasks.domain.instruction import parse
from tasks.domain.models import Box
from tasks.imaging.area import bounding_box
from tasks.imaging.region import background, cell, coloured, locate, marked


def box_in(picture: Image.Image, place: tuple[int, int, int, int], colour: str) -> Image.Image:
    copy = picture.copy()
    ImageDraw.Draw(copy).rectangle(place, outline=colour, width=4)
    return copy


@pytest.fixture
def table() -> Image.Image:
    """A white table with a red ball on it."""
    picture = Image.new("RGB", (200, 120), "white")
    ImageDraw.Draw(picture).ellipse((30, 40, 69, 79), fill=(214, 40, 40))
    return picture


@pytest.mark.parametrize(
    ("place", "box"),
    [
        ("top-left", Box(0, 0, 30, 20)),
        ("center", Box(30, 20, 60, 40)),
        ("bottom", Box(0, 40, 90, 60)),
        ("right", Box(60, 0, 90, 60)),
    ],
)
def test_places_are_thirds_of_the_picture(place, box):
    assert bounding_box(cell((90, 60), place)) == box


@pytest.mark.parametrize(("place", "columns"), [("top-left", (0, 60)), ("top-right", (30, 90)), ("top", (0, 90))])
def test_lettering_gets_wider_places(place, columns):
    box = bounding_box(cell((90, 60), place, wide=True))
    assert (box.left, box.right) == columns


@pytest.mark.parametrize("place", ["top-left", "center", "bottom-right", "left"])
def test_every_place_of_the_smallest_picture_has_a_pixel(place):
    assert cell((1, 1), place).any()


def test_a_drawn_box_marks_its_inside_without_its_outline(table):
    found = bounding_box(marked(box_in(table, (100, 20, 159, 99), "red"), "red"))
    assert found.left >= 104
    assert found.right <= 156
    assert found.width > 45


def test_a_drawn_box_is_found_among_things_of_its_colour():
    found = bounding_box(marked(box_in(Image.fromarray(data.coffee()), (330, 60, 400, 140), "#dc1414"), "red"))
    assert abs(found.left - 336) < 3
    assert abs(found.bottom - 135) < 3


def test_a_drawn_box_is_found_after_jpeg():
    buffer = io.BytesIO()
    box_in(Image.fromarray(data.chelsea()), (200, 60, 300, 140), "#1428dc").save(buffer, "JPEG", quality=85)
    found = bounding_box(marked(Image.open(buffer), "blue"))
    assert abs(found.left - 206) < 4
    assert abs(found.bottom - 135) < 4


def test_a_filled_highlight_marks_all_of_itself():
    picture = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(picture).rectangle((20, 30, 79, 69), fill=(248, 208, 48))
    assert marked(picture, "yellow").sum() == pytest.approx(60 * 40, rel=0.05)


def test_things_of_a_colour_are_found_without_specks(table):
    table.putpixel((190, 5), (214, 40, 40))
    found = coloured(table, "red")
    assert found.sum() == pytest.approx(np.pi * 20**2, rel=0.05)
    assert not found[5, 190]


def test_the_background_is_everything_but_the_subject():
    photo = Image.fromarray(data.coffee())
    found = background(photo)
    assert not found[200, 240]  # the cup
    assert not found[330, 150]  # its saucer
    assert found[20, 20]
    assert found[380, 580]


@pytest.mark.parametrize("name", ["chelsea", "rocket"])
def test_a_subject_that_cannot_be_told_from_its_ground_is_refused_rather_than_guessed(name):
    with pytest.raises(RequestError, match="mask"):
        background(Image.fromarray(getattr(data, name)()))


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("Remove the object in the blue box", "no blue box"),
        ("Change the green ball to blue", "nothing green"),
        ("Change the red ball at the bottom right to blue", "at that place"),
    ],
)
def test_words_that_point_at_nothing_are_refused(prompt, message, table):
    (operation,) = parse(prompt)
    with pytest.raises(RequestError, match=message):
        locate(table, operation, None)


def test_a_mask_decides_alone(table):
    (operation,) = parse("Change the green ball to blue")
    mask = np.zeros((120, 200), bool)
    mask[:5] = True
    assert locate(table, operation, mask) is mask


def test_a_thing_to_be_removed_goes_with_its_soft_rim(table):
    regions = [locate(table, parse(words)[0], None) for words in ("Change the red ball to blue", "Remove the red ball")]
    change, removal = (bounding_box(region) for region in regions if region is not None)
    assert removal.width == change.width + 8
