"""The proof of what was not touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tasks.imaging.untouched import prove


def picture(mode: str = "RGB", seed: int = 0) -> Image.Image:
    channels = len(mode)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 30, channels), np.uint8))


def mask(left: int = 10) -> Image.Image:
    stencil = Image.new("L", (30, 20), 0)
    stencil.paste(255, (left, 0, 30, 20))
    return stencil


def test_what_changed_inside_the_mask_does_not_count():
    before = picture()
    after = before.copy()
    after.paste("red", (10, 0, 30, 20))
    found = prove(before, after, mask())
    assert (found.pixels, found.differing) == (200, 0)
    assert found.fraction == pytest.approx(1 / 3)


@given(st.integers(0, 9), st.integers(0, 19), st.integers(0, 3), st.integers(1, 255))
def test_one_sample_outside_that_differs_by_one_level_is_counted(column, row, channel, change):
    before = picture("RGBA")
    samples = np.asarray(before).copy()
    samples[row, column, channel] ^= change
    assert prove(before, Image.fromarray(samples), mask()).differing == 1


def test_the_faintest_grey_of_a_mask_is_inside():
    stencil = mask()
    stencil.putpixel((0, 0), 1)
    assert prove(picture(), picture(), stencil).pixels == 199
