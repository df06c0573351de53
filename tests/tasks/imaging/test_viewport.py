from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from tasks.domain.models import Box, TextChange, TextLine
from tasks.imaging.viewport import LEAST_AROUND, in_source, put_back, quoted, show, show_mask, view_of

MEGAPIXEL = 1_000_000


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    samples = np.random.default_rng(3).integers(0, 256, (size[1], size[0], len(mode)), dtype=np.uint8)
    return Image.fromarray(samples)


def smooth(size: tuple[int, int]) -> Image.Image:
    return Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC).convert("RGB")


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and one.size == other.size and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("works_at", [None, MEGAPIXEL])
@pytest.mark.parametrize("region", [None, Box(3, 4, 9, 9)])
def test_a_picture_that_fits_is_shown_as_it_is(works_at, region):
    picture = noise((640, 416))
    view = view_of(picture.size, region, works_at=works_at, multiple=32)
    assert show(picture, view) is picture
    assert put_back(picture, picture, view) is picture


def test_a_picture_that_fits_but_for_its_multiples_is_padded_with_its_mirrored_edge():
    picture = noise((640, 420))
    shown = show(picture, view_of(picture.size, None, works_at=MEGAPIXEL, multiple=32))
    assert shown.size == (640, 448)
    assert same(shown.crop((0, 0, 640, 420)), picture)
    assert same(shown.crop((0, 420, 640, 421)), picture.crop((0, 419, 640, 420)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    "region",
    [Box(0, 0, 1, 1), Box(2999, 1999, 3000, 2000), Box(1400, 900, 1700, 960), Box(0, 1900, 40, 2000)],
)
def test_around_a_region_native_pixels_are_shown_and_go_back_exactly(region, mode):
    picture = noise((3000, 2000), mode)
    view = view_of(picture.size, region, works_at=MEGAPIXEL, multiple=32)
    shown = show(picture, view)
    assert view.native
    assert shown.width % 32 == shown.height % 32 == 0
    assert shown.width * shown.height <= MEGAPIXEL
    assert view.window.left <= region.left < region.right <= view.window.right
    assert view.window.top <= region.top < region.bottom <= view.window.bottom
    assert same(put_back(picture, shown, view), picture)


def test_an_answer_changes_nothing_outside_its_window():
    picture = noise((3000, 2000))
    view = view_of(picture.size, Box(1000, 800, 1200, 900), works_at=MEGAPIXEL, multiple=32)
    back = put_back(picture, Image.new("RGB", show(picture, view).size, "red"), view)
    assert ImageChops.difference(back, picture).getbbox() == tuple(view.window)


def test_context_grows_with_the_region_and_with_the_plan_and_has_a_least():
    size, small, large = (9000, 9000), Box(4000, 4000, 4010, 4010), Box(4000, 4000, 4400, 4100)
    assert view_of(size, small, works_at=MEGAPIXEL).window.left == 4000 - LEAST_AROUND
    assert view_of(size, large, works_at=MEGAPIXEL).window.left == 4000 - 200
    assert view_of(size, small, works_at=MEGAPIXEL, context=2).window.left == 4000 - 2 * LEAST_AROUND


@pytest.mark.parametrize("multiple", [1, 32])
@pytest.mark.parametrize("region", [Box(0, 0, 2666, 2000), Box(3000, 2000, 6000, 5000), Box(500, 90, 7500, 200)])
def test_context_is_given_up_before_detail(region, multiple):
    view = view_of((8000, 6000), region, works_at=12_500_000, multiple=multiple)
    assert view.native
    assert view.padded[0] * view.padded[1] <= 12_500_000
    assert view.window.width * view.window.height > region.width * region.height


def test_a_window_is_of_moderate_shape_where_the_picture_allows():
    view = view_of((8000, 6000), Box(1000, 3000, 7000, 3040), works_at=100_000_000, multiple=1)
    assert view.window == Box(0, 0, 8000, 6000)  # it fits, so all of it is shown
    window = view_of((8000, 6000), Box(1000, 3000, 4000, 3040), works_at=12_000_000).window
    assert 1 / 3 <= window.width / window.height <= 3.01


def test_a_window_larger_than_the_engine_works_at_is_scaled_down():
    view = view_of((8000, 6000), Box(0, 0, 4000, 3000), works_at=MEGAPIXEL, multiple=32)
    assert not view.native
    assert view.padded[0] * view.padded[1] <= MEGAPIXEL


def test_a_ribbon_keeps_its_shape():
    ribbon = smooth((8000, 40))
    view = view_of(ribbon.size, None, works_at=200_000, multiple=32)
    shown = show(ribbon, view)
    assert shown.width % 32 == shown.height % 32 == 0
    assert shown.width * shown.height <= 200_000
    assert view.scaled[0] / view.scaled[1] == pytest.approx(8000 / 40, rel=0.1)
    assert put_back(ribbon, shown, view).size == ribbon.size


def test_without_a_region_the_whole_picture_is_scaled_and_comes_back_close():
    picture = smooth((3000, 2000))
    view = view_of(picture.size, None, works_at=MEGAPIXEL, multiple=32)
    shown = show(picture, view)
    assert shown.width * shown.height <= MEGAPIXEL
    assert view.scaled[0] / view.scaled[1] == pytest.approx(1.5, abs=0.01)
    back = put_back(picture, shown, view)
    assert back.size == picture.size
    assert np.abs(np.asarray(back, dtype=int) - np.asarray(picture, dtype=int)).mean() < 1


def test_an_answer_of_another_size_is_taken_to_show_the_same():
    picture = smooth((640, 420))
    view = view_of(picture.size, None, works_at=MEGAPIXEL, multiple=32)
    answer = show(picture, view).resize((1216, 864), Image.Resampling.LANCZOS)
    back = put_back(picture, answer, view)
    assert back.size == picture.size
    assert np.abs(np.asarray(back, dtype=int) - np.asarray(picture, dtype=int)).max() <= 4


def test_an_answer_without_transparency_gets_that_of_the_source():
    picture = noise((300, 200), "RGBA")
    view = view_of(picture.size, Box(10, 10, 20, 20), works_at=40_000, multiple=8)
    back = put_back(picture, show(picture, view).convert("RGB"), view)
    assert same(back.getchannel("A"), picture.getchannel("A"))


def test_the_mask_goes_with_the_window_and_thin_lines_survive():
    mask = Image.new("L", (3000, 2000), 0)
    mask.paste(255, (1000, 800, 1001, 900))
    view = view_of(mask.size, Box(1000, 800, 1001, 900), works_at=MEGAPIXEL, multiple=32)
    assert (np.asarray(show_mask(mask, view)) > 0).sum() == 100
    small = show_mask(mask, view_of(mask.size, None, works_at=MEGAPIXEL // 4, multiple=32))
    assert set(np.asarray(small).ravel().tolist()) == {0, 255}
    padded = Image.new("L", (640, 420), 255)
    shown = show_mask(padded, view_of(padded.size, None, works_at=MEGAPIXEL, multiple=32))
    assert np.asarray(shown)[:420].min() == 255
    assert np.asarray(shown)[420:].max() == 0


def test_what_was_seen_in_a_smaller_copy_is_found_in_the_source():
    view = view_of((8000, 6000), None, works_at=480_000)
    assert view.scaled == (800, 600)
    assert in_source(Box(10, 20, 800, 600), view) == Box(100, 200, 8000, 6000)
    view = view_of((8000, 6000), Box(4000, 3000, 4100, 3100), works_at=480_000)
    assert in_source(Box(1, 2, 30, 40), view) == Box(3873, 2874, 3902, 2912)


def test_quoted_words_that_are_to_go_say_where_when_all_of_them_are_found():
    lines = [
        TextLine(text=text, box=Box(0, top, 100, top + 20), confidence=1)
        for text, top in (("Summer Sale", 0), ("Open daily", 50), ("Summer Sale", 100))
    ]
    assert quoted([TextChange(old="Summer", new="Winter")], lines) == Box(0, 0, 100, 120)
    assert quoted([TextChange(old="Open", new="Shut")], lines) == Box(0, 50, 100, 70)
    assert quoted([TextChange(old="Summer"), TextChange(old="Spring")], lines) is None
    assert quoted([TextChange(new="Winter")], lines) is None
    assert quoted([], lines) is None


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    corner=st.tuples(st.integers(0, 699), st.integers(0, 699)),
    reach=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    works_at=st.sampled_from([None, 4_096, 60_000, 200_000]),
    multiple=st.sampled_from([1, 8, 32]),
    context=st.sampled_from([1.0, 2.0, 4.0]),
    known=st.booleans(),
)
def test_whatever_is_shown_holds_the_region_and_comes_back_in_place(
    size, corner, reach, works_at, multiple, context, known
):
    left, top = (min(at, side - 1) for at, side in zip(corner, size, strict=True))
    region = Box(left, top, min(size[0], left + reach[0]), min(size[1], top + reach[1]))
    picture = noise(size)
    view = view_of(size, region if known else None, works_at=works_at, multiple=multiple, context=context)
    shown = show(picture, view)
    assert shown.size == view.padded
    assert shown.width % multiple == shown.height % multiple == 0
    assert 0 <= view.window.left < view.window.right <= size[0]
    assert 0 <= view.window.top < view.window.bottom <= size[1]
    if known:
        assert view.window.left <= region.left
        assert view.window.right >= region.right
        assert view.window.top <= region.top
        assert view.window.bottom >= region.bottom
    back = put_back(picture, shown, view)
    assert back.size == size
    if view.native:
        assert same(back, picture)
    assert works_at is None or view.native or max(view.scaled) <= multiple or shown.width * shown.height <= works_at
