from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tasks.statistics.chart import WIDEST, draw
from tests.experiments import AIM, analysed, definition


def picture(*names: str, counts=None) -> Image.Image:
    test = definition(*names, aim=AIM)
    return Image.open(io.BytesIO(draw(analysed(counts or [(4000, 480 + 40 * i) for i in range(len(names))], test))))


def is_clipped(image: Image.Image) -> bool:
    """Whether ink touches the left, right or upper edge."""
    dark = np.asarray(image.convert("L")) < 200
    return bool(dark[:, 0].any() or dark[:, -1].any() or dark[0].any())


@pytest.mark.parametrize(
    "names",
    [
        ("원본", "따뜻한 색감"),
        ("夏季促销", "冬季促销", "A" * 80, "가" * 80),
        ("$\\frac{1}$", "100% $x", "<b>", "🎉 party"),
        tuple(f"variant {i}" for i in range(20)),
    ],
)
def test_whatever_variants_are_called_the_chart_is_whole_and_nothing_is_cut_off(names):
    image = picture(*names)
    assert image.width == 2000
    assert image.height > 80 * len(names)
    assert not is_clipped(image)


def test_korean_and_chinese_names_are_drawn_and_not_boxes():
    """Two names of one length whose glyphs were missing would look the same."""
    one, other = (np.asarray(picture("A", name).convert("L")).astype(int) for name in ("여름밤", "겨울낮"))
    assert one.shape == other.shape
    assert np.abs(one - other).sum() > 10_000


@pytest.mark.parametrize("counts", [[(50, 0), (50, 0)], [(50, 50), (50, 50)], [(10**9, 10**8), (10**9, 10**8 + 9)]])
def test_the_ends_of_the_scale_can_be_drawn(counts):
    assert not is_clipped(picture("A", "B", counts=counts))


def test_a_name_longer_than_the_margin_is_shortened():
    from tasks.statistics.chart import _short

    assert _short("a" * WIDEST) == "a" * WIDEST
    assert _short("가" * WIDEST) == "가" * (WIDEST // 2) + "..."
