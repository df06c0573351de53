from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from tasks.imaging.heal import heal


def hole_in(shape: tuple[int, ...], rows: slice, columns: slice):
    hole = np.zeros(shape[:2], bool)
    hole[rows, columns] = True
    return hole


@pytest.mark.parametrize("name", ["brick", "grass", "gravel"])
def test_a_hole_in_a_texture_is_filled_with_that_texture(name):
    truth = np.repeat(getattr(data, name)()[:200, :200, None].astype(np.float32), 3, axis=2)
    hole = hole_in(truth.shape, slice(80, 110), slice(70, 130))
    damaged = np.where(hole[..., None], 255, truth).astype(np.float32)
    filled = heal(damaged, hole, ~hole)[hole]
    assert filled.mean() == pytest.approx(truth[hole].mean(), abs=25)
    assert filled.std() > 0.5 * truth[hole].std()


def test_outside_the_hole_nothing_changes_and_the_input_stays_as_it_was():
    pixels = np.random.default_rng(0).uniform(0, 255, (60, 80, 3)).astype(np.float32)
    before, hole = pixels.copy(), hole_in(pixels.shape, slice(0, 12), slice(70, 80))
    filled = heal(pixels, hole, ~hole)
    assert (filled[~hole] == before[~hole]).all()
    assert (pixels == before).all()


def test_a_hole_in_a_slope_continues_the_slope():
    slope = np.repeat(np.linspace(0, 200, 100, dtype=np.float32)[:, None, None], 90, axis=1).repeat(3, axis=2)
    hole = hole_in(slope.shape, slice(30, 60), slice(20, 70))
    filled = heal(np.where(hole[..., None], 0, slope).astype(np.float32), hole, ~hole)
    assert np.abs(filled - slope).max() < 4


@pytest.mark.parametrize("usable", [True, False])
def test_a_picture_that_is_all_hole_or_has_nothing_to_copy_gives_numbers(usable):
    pixels = np.full((20, 20, 3), 90, np.float32)
    hole = hole_in(pixels.shape, slice(5, 15), slice(0, 20))
    filled = heal(pixels, hole, np.full(hole.shape, usable))
    assert np.abs(filled - 90).max() < 1
    assert np.isfinite(heal(pixels, np.ones((20, 20), bool), ~hole)).all()
