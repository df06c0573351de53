from __future__ import annotations

import numpy as np

from tasks.domain.models import Box
from tasks.imaging.area import around, bounding_box, grown, overlap, window


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
