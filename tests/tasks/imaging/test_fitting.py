from __future__ import annotations

import numpy as np
import pytest

from tasks.imaging.fitting import fit_style, letter_spans
from tasks.imaging.lettering import LineStyle, draw_line, pens
from tasks.imaging.typeface import BUNDLED, faces_for
from tests.drawing import face_named

CASES = [
    ("Grand Opening", "LiberationSerif-Bold"),
    ("Grand Opening", "DejaVuSans"),
    ("안녕하세요", "NanumSquareRoundB"),
    ("신제품 출시", "NotoSerifCJK-Regular"),
    ("欢迎光临", "NotoSansCJK-Regular"),
]


@pytest.mark.parametrize(("text", "name"), CASES)
@pytest.mark.parametrize("size", [22.0, 61.0])
def test_face_size_and_place_of_a_printed_line_are_found_again(text, name, size):
    seen = draw_line((100, 560), LineStyle(face_named(name), size), text, 30, 70)
    fit = fit_style(seen, text, [face for face in faces_for(text) if face in BUNDLED])
    assert fit is not None
    assert fit.style.face.name == name
    assert fit.style.size == pytest.approx(size, rel=0.03)
    assert (fit.x, fit.baseline) == pytest.approx((30, 70), abs=1.5)
    assert fit.score > 0.75


def test_slant_and_spacing_are_found_too():
    style = LineStyle(face_named("NotoSansCJK-Bold"), 50.0, tracking=6.0)
    fit = fit_style(draw_line((90, 500), style, "Market", 20, 65), "Market", BUNDLED)
    assert fit is not None
    assert fit.style.tracking == pytest.approx(6, abs=1.5)
    oblique = LineStyle(face_named("NotoSansCJK-Bold"), 50.0, slant=0.21)
    bundled = [face for face in faces_for("여름 특별 할인") if face in BUNDLED]
    fit = fit_style(draw_line((90, 500), oblique, "여름 특별 할인", 20, 65), "여름 특별 할인", bundled)
    assert fit is not None
    assert fit.style.slant == pytest.approx(0.21)


def test_letters_are_told_apart_where_they_stand():
    style = LineStyle(face_named("LiberationSans-Regular"), 44.0)
    seen = draw_line((80, 400), style, "Sale 50%", 25, 55)
    fit = fit_style(seen, "Sale 50%", BUNDLED)
    assert fit is not None
    starts = [start for start, _ in letter_spans(seen, "Sale 50%", fit)]
    assert starts == pytest.approx([25 + pen for pen in pens(style, "Sale 50%")], abs=2)


@pytest.mark.parametrize("text", ["A", " "])
def test_nothing_seen_or_no_face_is_no_fit(text):
    assert fit_style(np.zeros((30, 30), np.float32), text, BUNDLED) is None
    assert fit_style(np.ones((30, 30), np.float32), text, []) is None
