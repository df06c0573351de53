import numpy as np
import pytest
from PIL import Image

from tasks.imaging.sheet import GAP, WIDTH, before_after


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
