"""The visible label: where it goes, that it can be read, that nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from tasks.domain.models import Box, TextLine
from tasks.imaging.label import INK, PLATE, avoided, find_place, label
from tasks.imaging.palette import contrast

TEXTS = ("Edited with AI", "AI로 편집한 이미지", "AI合成")
BOXES = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    st.integers(0, 600),
    st.integers(0, 400),
    st.integers(1, 500),
    st.integers(1, 300),
)


def noise(width: int = 640, height: int = 440, bands: int = 3) -> Image.Image:
    return Image.fromarray(np.random.default_rng(5).integers(0, 256, (height, width, bands), np.uint8))


def ink_rows(image: Image.Image, box: Box) -> int:
    """Height of the lettering on the plate, from its lightest rows."""
    rows = np.asarray(image.convert("L").crop(box)).max(axis=1) > 128
    return int(rows.nonzero()[0].max() - rows.nonzero()[0].min() + 1)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TEXTS), st.lists(BOXES, max_size=8), st.sampled_from([3, 4]))
def test_what_is_to_be_avoided_is_never_covered_and_nothing_outside_changes(text, avoid, bands):
    image = noise(bands=bands)
    found = label(image, text, avoid)
    if found is None:
        return
    labelled, box = found
    covered = np.zeros((image.height, image.width), bool)
    covered[box.top : box.bottom, box.left : box.right] = True
    for other in avoid:
        assert not covered[other.top : other.bottom, other.left : other.right].any()
    assert (np.asarray(labelled) == np.asarray(image))[~covered].all()
    assert labelled.mode == image.mode


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [(200, 120), (640, 440), (3000, 2000)])
def test_letters_are_tall_enough_on_any_picture(text, size):
    found = label(noise(*size), text, [])
    assert found
    assert ink_rows(*found) >= max(12, 0.018 * min(size)) - 1  # the outermost row of a round letter is faint


def test_letters_stand_out_from_their_plate_as_wcag_asks_of_the_strictest_text():
    assert contrast(INK, PLATE) >= 7


def test_corners_are_taken_in_order():
    image, size = noise(), (100, 30)
    bottom_right = Box(500, 300, 640, 440)
    bottom_left, top_right = Box(0, 300, 140, 440), Box(500, 0, 640, 140)
    taken: list[Box] = []
    corners = []
    for blocked in (bottom_right, bottom_left, top_right):
        place = find_place(image, size, taken)
        assert place
        corners.append((place.left > 320, place.top > 220))
        taken.append(blocked)
    last = find_place(image, size, taken)
    assert last
    corners.append((last.left > 320, last.top > 220))
    assert corners == [(True, True), (False, True), (True, False), (False, False)]


def test_without_a_free_corner_the_calmest_place_at_the_border_is_taken():
    image = noise()
    image.paste((90, 90, 90), (250, 380, 420, 440))
    corners = [Box(x, y, x + 120, y + 120) for x in (0, 520) for y in (0, 320)]
    place = find_place(image, (100, 30), corners)
    assert place
    assert place.left >= 250
    assert place.right <= 420
    assert place.top >= 380


def test_without_a_free_border_the_middle_is_taken():
    frame = [Box(0, 0, 640, 60), Box(0, 380, 640, 440), Box(0, 0, 60, 440), Box(580, 0, 640, 440)]
    place = find_place(noise(), (100, 30), frame)
    assert place
    assert place.top >= 60
    assert place.bottom <= 380


def test_where_nothing_is_free_there_is_no_label():
    assert label(noise(), "AI合成", [Box(0, 0, 640, 440)]) is None


def test_a_picture_too_small_for_letters_that_can_be_read_gets_none():
    assert label(noise(60, 30), "Edited with AI", []) is None


def test_the_plate_is_opaque_on_a_transparent_picture():
    found = label(Image.new("RGBA", (300, 200), (9, 9, 9, 0)), "AI合成", [])
    assert found
    alpha = np.asarray(found[0].getchannel("A"))
    box = found[1]
    assert alpha[box.top : box.bottom, box.left : box.right].min() == 255
    assert int((alpha == 255).sum()) == box.width * box.height


def test_lettering_and_faces_are_what_it_avoids():
    portrait = Image.fromarray(data.astronaut())
    line = TextLine(text="NASA", box=Box(400, 470, 500, 500), confidence=0.4)
    boxes = avoided(portrait, [line])
    assert line.box in boxes
    assert any(box.left < 220 < box.right and box.top < 110 < box.bottom for box in boxes)  # her face
