from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from tasks.domain.models import Box
from tasks.imaging.keeping import keep
from tests.doubles import drifted

SIZE = (1000, 800)
SPOT = (420, 320, 520, 420)
PART = Box(200, 150, 700, 600)


@pytest.fixture(scope="module")
def source():
    return Image.fromarray(data.astronaut()).resize(SIZE)


@pytest.fixture(scope="module")
def edited(source):
    picture = source.copy()
    ImageDraw.Draw(picture).rectangle(SPOT, fill=(20, 160, 60))
    return picture


def window_drifted(source: Image.Image, edited: Image.Image) -> Image.Image:
    """`edited` through a model that was shown `PART` of it."""
    back = source.copy()
    answer = drifted(edited.crop(PART), 5).resize((PART.width, PART.height), Image.Resampling.LANCZOS)
    back.paste(answer, (PART.left, PART.top))
    return back


def differs(one: Image.Image, other: Image.Image):
    return (np.asarray(one) != np.asarray(other)).any(axis=-1)


def test_what_an_exact_engine_changed_is_its_mask(source, edited):
    kept = keep(source, edited, None, part=Box(0, 0, *SIZE), exact=True)
    assert kept.image is edited
    assert kept.mask is not None
    assert np.array_equal(kept.mask, differs(source, edited))
    assert not kept.report.applied
    assert kept.report.changed_fraction == pytest.approx(101 * 101 / (1000 * 800), rel=0.01)
    assert kept.report.exact_fraction == pytest.approx(1 - kept.report.changed_fraction)


def test_an_exact_engine_that_kept_to_the_mask_leaves_the_mask_as_it_was_given(source, edited):
    allowed = np.zeros(SIZE[::-1], dtype=bool)
    allowed[300:450, 400:550] = True
    kept = keep(source, edited, allowed, part=Box(0, 0, *SIZE), exact=True)
    assert kept.mask is allowed


def test_an_exact_engine_that_did_not_keep_to_the_mask_is_not_believed(source, edited):
    allowed = np.zeros(SIZE[::-1], dtype=bool)
    allowed[300:380, 400:550] = True
    kept = keep(source, edited, allowed, part=Box(0, 0, *SIZE), exact=True)
    assert kept.report.applied
    assert not (differs(source, kept.image) & ~allowed).any()


def test_a_part_that_moved_is_compared_by_itself_and_the_rest_stays_as_it_is(source, edited):
    kept = keep(source, window_drifted(source, edited), None, part=PART, exact=False)
    assert kept.report.applied, kept.report
    assert kept.mask is not None
    assert not (differs(source, kept.image) & ~kept.mask).any()
    assert kept.mask[330:410, 430:510].all()
    assert kept.mask.mean() < 0.1
    assert kept.report.changed_fraction == pytest.approx(kept.mask.mean())
    assert kept.report.exact_fraction > 0.9


def test_a_change_of_the_whole_picture_is_not_undone(source):
    grey = source.convert("L").convert("RGB")
    kept = keep(source, grey, None, part=Box(0, 0, *SIZE), exact=False)
    assert not kept.report.applied
    assert kept.mask is None
    assert not differs(kept.image, grey).any()
