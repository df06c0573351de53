from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tasks.imaging import palette


@pytest.mark.parametrize("name", list(palette.NAMED))
def test_a_colour_is_called_by_its_own_name(name):
    assert palette.wearing(Image.new("RGB", (4, 4), palette.NAMED[name]), name).all()


@pytest.mark.parametrize(
    ("name", "other"), [("red", "blue"), ("yellow", "navy"), ("green", "pink"), ("black", "white")]
)
def test_a_colour_is_not_called_by_another_name(name, other):
    assert not palette.wearing(Image.new("RGB", (4, 4), palette.NAMED[name]), other).any()


def test_a_brown_floor_is_not_orange_though_it_has_the_hue():
    picture = Image.new("RGB", (20, 20), (121, 82, 58))
    ImageDraw.Draw(picture).rectangle((5, 5, 14, 14), fill=(232, 150, 60))
    assert palette.wearing(picture, "orange").sum() == 100


def test_hex_colours_are_taken_as_written_and_unknown_names_refused():
    assert palette.to_rgb("#ff8800") == (255, 136, 0)
    with pytest.raises(KeyError):
        palette.to_rgb("blurple")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [((0, 0, 0), (255, 255, 255), 21.0), ((118, 118, 118), (255, 255, 255), 4.54), ((9, 9, 9), (9, 9, 9), 1.0)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert palette.contrast(one, other) == pytest.approx(ratio, abs=0.01) == palette.contrast(other, one)


@pytest.mark.parametrize("grey", range(0, 256, 15))
def test_legible_is_always_readable(grey):
    ground = (grey, grey, grey)
    assert palette.contrast(palette.legible_on(ground), ground) >= 4.2
    assert np.isfinite(palette.luminance(ground))
