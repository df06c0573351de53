from __future__ import annotations

import pytest

from tasks.domain.campaign import BrandCheck, BrandCheckName, Draft, Framing, Layout, Trial, Variation, numbered
from tasks.domain.layouts import best, next_layout
from tasks.domain.models import Box, ImageRef


def trial(layout: Layout, *wrong: BrandCheckName) -> Trial:
    framing = Framing(layout=layout, window=(0, 0, 1, 1), placed=Box(0, 0, 1, 1), scale=1, kept=1, reason="")
    image = ImageRef(uri="x", sha256="0", file_sha256="0", width=1, height=1)
    checks = tuple(BrandCheck(name=name, score=0, threshold=1, passed=False, detail="") for name in wrong)
    return Trial(draft=Draft(image=image, framing=framing, logo=None), checks=checks)


@pytest.mark.parametrize(
    ("wrong", "then"),
    [
        ((BrandCheckName.PALETTE,), Layout.LETTERBOX),
        ((BrandCheckName.LOGO_FREE,), Layout.EXTEND),
        ((BrandCheckName.LOGO_FREE, BrandCheckName.PALETTE), Layout.LETTERBOX),
        ((BrandCheckName.WORDS_LEGIBLE,), None),
        ((BrandCheckName.PALETTE, BrandCheckName.WORDS_ALLOWED), None),
    ],
)
def test_the_next_layout_is_one_that_can_mend_all_that_was_wrong(wrong, then):
    assert next_layout([trial(Layout.CROP, *wrong)], tuple(Layout)) is then


def test_no_layout_is_tried_twice_and_none_that_is_not_possible():
    trials = [trial(Layout.CROP, BrandCheckName.PALETTE), trial(Layout.LETTERBOX, BrandCheckName.PALETTE)]
    assert next_layout(trials, tuple(Layout)) is Layout.BAND
    assert next_layout(trials, (Layout.CROP, Layout.LETTERBOX)) is None


def test_of_what_never_passed_the_one_with_the_fewest_faults_is_kept():
    worse, better = trial(Layout.CROP, *BrandCheckName), trial(Layout.LETTERBOX, BrandCheckName.PALETTE)
    assert best([worse, better, trial(Layout.BAND, BrandCheckName.PALETTE)]) is better


def test_variations_without_a_name_are_numbered_and_none_at_all_is_the_picture_itself():
    assert [v.name for v in numbered((Variation(prompt="a"), Variation(prompt="b", name="수채화")))] == ["1", "수채화"]
    assert [v.name for v in numbered(())] == ["original"]
    with pytest.raises(ValueError, match="called '2'"):
        numbered((Variation(prompt="a", name="2"), Variation(prompt="b")))


@pytest.mark.parametrize("name", ["../x", "a/b", "a:b", ".x", "a\nb", "x" * 41])
def test_a_variations_name_is_data_never_a_path(name):
    with pytest.raises(ValueError, match=r"file name|40 characters"):
        Variation(prompt="x", name=name)
