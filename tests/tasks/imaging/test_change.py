from __future__ import annotations

import numpy as np
import pytest

from tasks.imaging.change import Tint


@pytest.mark.parametrize("shape", [(4, 5, 3), (7, 3), (0, 3)])
def test_a_tint_is_undone_channel_by_channel_in_pictures_and_in_lists_of_colours(shape):
    tint = Tint(np.array([1.05, 1, 0.5], np.float32), np.array([-3, 4, 0], np.float32))
    colours = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    undone = tint.undo(colours)
    assert undone.shape == shape
    assert undone.dtype == np.float32
    for channel in range(3):
        expected = np.clip(colours[..., channel] * tint.gain[channel] + tint.bias[channel], 0, 255)
        assert (undone[..., channel] == expected).all()
