import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from tasks.domain.models import Box, Check, Verdict
from tasks.imaging.sheet import GAP, WIDTH, before_after, evidence_sheet


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (640, 480), (4000, 3000), (5000, 900)])
def test_both_pictures_are_on_a_sheet_that_fits_a_screen(size):
    sheet = before_after(Image.new("RGB", size, "red"), Image.new("RGB", size, "blue"), "before", "after")
    pixels = np.asarray(sheet).reshape(-1, 3)
    assert sheet.width <= WIDTH + 2 * GAP
    red, blue = ((pixels == colour).all(-1).sum() for colour in ((255, 0, 0), (0, 0, 255)))
    assert red == blue > 0


def test_wide_pictures_are_stacked_and_others_stand_side_by_side():
    wide = before_after(Image.new("RGB", (900, 300)), Image.new("RGB", (900, 300)), "a", "b")
    tall = before_after(Image.new("RGB", (300, 400)), Image.new("RGB", (300, 400)), "a", "b")
    assert wide.height > 600
    assert tall.width > 600


def test_captions_show_in_three_scripts_and_long_ones_end_in_time():
    plain = Image.new("RGB", (300, 200), (250, 250, 248))
    for caption in ("after", "환영합니다", "未来从此开始", "word " * 200):
        sheet = before_after(plain, plain, "", caption)
        letters = np.asarray(sheet.convert("L"))[:, GAP + 300 + GAP :]
        assert (letters < 100).sum() > 20
        assert (letters[:, -GAP:] > 200).all()


def test_a_ribbon_makes_a_sheet_that_can_be_written():
    ribbon = Image.new("RGB", (4, 70_000))
    assert before_after(ribbon, ribbon, "before", "after").height < 2600


def failing(*regions):
    return Verdict(
        checks=(
            Check(name="intact", score=1, threshold=1, passed=True),
            *(
                Check(name="text", score=0, threshold=1, passed=False, failure="text missing", region=region)
                for region in regions
            ),
        )
    )


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (900, 120), (2, 500)])
def test_what_failed_is_framed_on_every_picture_of_the_evidence(size):
    plain = Image.new("RGB", size, "white")
    region = Box(size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2)
    bare, marked = (np.asarray(evidence_sheet(plain, plain, failing(where))) for where in (None, region))
    frames = (bare != marked).any(-1)
    count = ndimage.label(ndimage.binary_fill_holes(frames))[1]
    assert count == 3


def test_several_failures_of_one_place_stand_side_by_side_and_tall_pictures_in_one_row():
    tall, wide = Image.new("RGB", (300, 500), "white"), Image.new("RGB", (500, 300), "white")
    box = Box(50, 60, 200, 200)
    assert np.any(np.asarray(evidence_sheet(tall, tall, failing(box, box))) != 255)
    assert evidence_sheet(tall, tall, failing(box)).height < evidence_sheet(wide, wide, failing(box)).height
