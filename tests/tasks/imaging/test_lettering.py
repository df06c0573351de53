from __future__ import annotations

import numpy as np
import pytest

from tasks.imaging.area import bounding_box
from tasks.imaging.lettering import LineStyle, advance, draw_line, ink_extent, pens
from tests.drawing import face_named

STYLE = LineStyle(face_named("NotoSansCJK-Bold"), 40.0)


@pytest.mark.parametrize("text", ["Summer", "안녕하세요", "欢迎光临", "g"])
@pytest.mark.parametrize("style", [STYLE, LineStyle(STYLE.face, 40.0, tracking=3.0)])
def test_ink_lies_where_its_extent_says(text, style):
    left, top, right, bottom = ink_extent(style, text)
    box = bounding_box(draw_line((100, 400), style, text, 20, 60) > 0.4)
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(
        (20 + left, 60 + top, 20 + right, 60 + bottom), abs=2
    )


def test_size_and_spacing_scale_together():
    style = LineStyle(STYLE.face, 30.0, tracking=1.5)
    assert advance(style.scaled(2), "Market") == pytest.approx(2 * advance(style, "Market"), rel=1e-6)


def test_pens_are_kerned_as_the_face_wants():
    style = LineStyle(face_named("DejaVuSans"), 100.0)
    apart = advance(style, "T") + advance(style, "o")
    assert pens(style, "To")[1] < advance(style, "T") - 3
    assert advance(style, "To") < apart


def test_what_runs_off_is_lost_and_nothing_is_drawn_without_ink():
    assert draw_line((20, 20), STYLE, "안녕하세요", -30, 15).shape == (20, 20)
    assert not draw_line((20, 20), STYLE, "  ", 5, 15).any()
    assert ink_extent(STYLE, " ") == (0, 0, 0, 0)


def test_softness_spreads_ink_and_keeps_its_amount():
    sharp, soft = (draw_line((90, 90), LineStyle(STYLE.face, 40.0, softness=s), "n", 20, 60) for s in (0.0, 2.0))
    assert soft.sum() == pytest.approx(sharp.sum(), rel=0.02)
    assert soft.max() < sharp.max()
    assert np.isfinite(soft).all()
