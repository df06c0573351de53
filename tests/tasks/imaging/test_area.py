from __future__ import annotations

import numpy as np
import pytest

from tasks.domain.models import Box
from tasks.imaging.area import around, bounding_box, differing, grown, in_any_channel, lengths, overlap, window


def test_the_bounding_box_holds_just_the_true_pixels():
    mask = np.zeros((10, 20), bool)
    assert bounding_box(mask) == Box(0, 0, 0, 0)
    mask[3:5, 7:12] = True
    assert bounding_box(mask) == Box(7, 3, 12, 5)
    assert window(mask, bounding_box(mask)).all()


def test_growing_stops_at_the_border_and_shrinking_may_leave_nothing():
    assert grown(Box(2, 2, 6, 6), 4, (8, 20)) == Box(0, 0, 8, 10)
    assert grown(Box(2, 2, 6, 6), -2, (8, 20)).width == 0


def test_overlap_counts_common_pixels_and_around_holds_all():
    assert overlap(Box(0, 0, 4, 4), Box(2, 3, 9, 9)) == 2
    assert overlap(Box(0, 0, 4, 4), Box(4, 0, 8, 4)) == 0
    assert around([Box(1, 2, 3, 4), Box(0, 3, 2, 9)]) == Box(0, 2, 3, 9)


@pytest.mark.parametrize("channels", [3, 4])
def test_pictures_differ_where_a_single_channel_does(channels):
    one = np.random.default_rng(0).integers(0, 256, (5, 6, channels), np.uint8)
    other = one.copy()
    for channel in range(channels):
        other[channel, 2, channel] ^= 1
    expected = np.zeros((5, 6), bool)
    expected[:channels, 2] = True
    assert (differing(one, other) == expected).all()
    assert (in_any_channel(one != other) == expected).all()


def test_lengths_are_those_numpy_finds_to_the_last_bit():
    vectors = np.random.default_rng(0).normal(0, 9, (40, 30, 3)).astype(np.float32)
    found = lengths(vectors)
    assert found.dtype == np.float32
    assert (found == np.linalg.norm(vectors, axis=-1)).all()
