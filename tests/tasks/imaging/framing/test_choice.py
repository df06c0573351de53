from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from tasks.domain.campaign import Kept, Layout
from tasks.domain.models import Box, TextLine
from tasks.domain.platforms import catalogue
from tasks.imaging.framing.canvas import fill
from tasks.imaging.framing.choice import framings
from tasks.imaging.framing.weight import find_faces, visual_weight


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def line(text: str, *box: int) -> TextLine:
    return TextLine(text=text, box=Box(*box), confidence=0.99)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (5000, 40), (64, 64), (900, 1200)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_layout_fills_every_size_exactly_and_distorts_nothing(size, mode):
    picture = Image.new(mode, size, (40, 120, 80, 90)[: len(mode)])
    for platform in catalogue().values():
        for framing in framings(picture, Kept(), platform).values():
            assert fill(picture, framing, platform.size, (0, 0, 0)).size == platform.size
            left, top, right, bottom = framing.window
            across, down = framing.placed.width / (right - left), framing.placed.height / (bottom - top)
            # a placed side is a whole number of pixels, so the scales agree to within one pixel
            assert abs(across - down) * min(right - left, bottom - top) <= 1.0 or 1 in (
                framing.placed.width,
                framing.placed.height,
            )


def test_a_circle_stays_a_circle():
    picture = Image.new("RGB", (1000, 800), "white")
    ImageDraw.Draw(picture).ellipse((400, 300, 600, 500), fill="black")
    for layout, framing in framings(picture, Kept(), catalogue()["instagram_story"]).items():
        dark = np.asarray(fill(picture, framing, (1080, 1920), (255, 255, 255)).convert("L")) < 128
        rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        assert abs(np.ptp(rows) - np.ptp(columns)) <= 2, layout


def test_a_window_moves_to_hold_lettering_at_the_border_whole():
    picture = photo("coffee")
    kept = Kept(lines=(line("Fresh coffee", 12, 20, 200, 60),))
    framing = next(iter(framings(picture, kept, catalogue()["instagram_post"]).values()))
    assert framing.layout is Layout.CROP
    assert framing.window[0] <= 12
    assert "all 1 line" in framing.reason


def test_lettering_wider_than_any_window_is_never_cut():
    picture = photo("coffee")
    kept = Kept(lines=(line("Fresh coffee every day", 12, 20, 590, 60),))
    found = framings(picture, kept, catalogue()["instagram_story"])
    assert Layout.CROP not in found
    assert "no window of this shape holds all 1 line" in found[Layout.LETTERBOX].reason


def test_what_only_looks_like_lettering_decides_nothing():
    doubtful = TextLine(text="ㅣㅣ", box=Box(0, 0, 600, 40), confidence=0.4)
    assert Layout.CROP in framings(photo("coffee"), Kept(lines=(doubtful,)), catalogue()["instagram_post"])


def test_a_face_is_found_and_kept():
    picture = photo("astronaut")
    faces = find_faces(picture)
    assert any(box.left < 220 < box.right and box.top < 110 < box.bottom for box in faces)
    framing = next(iter(framings(picture, Kept(faces=faces), catalogue()["blog_header"]).values()))
    assert framing.window[1] <= min(box.top for box in faces)


def test_tiny_pictures_have_no_faces_and_plain_ones_the_same_weight_everywhere():
    assert find_faces(Image.new("RGB", (20, 300))) == ()
    weight = visual_weight(Image.new("RGB", (64, 32), "red"))
    assert weight.sum() == pytest.approx(1)
    assert np.ptp(weight) < 1e-9


def test_calm_borders_are_continued_and_restless_ones_are_not():
    slope = Image.fromarray(np.repeat(np.linspace(0, 200, 600)[:, None, None], 400, 1).repeat(3, 2).astype(np.uint8))
    wide = Kept(lines=(line("from one end to the other", 2, 10, 398, 590),))
    found = framings(slope, wide, catalogue()["blog_header"])
    assert next(iter(found)) is Layout.EXTEND
    filled = np.asarray(fill(slope, found[Layout.EXTEND], (1200, 600), (255, 0, 0)), int)
    assert np.abs(np.diff(filled, axis=1)).max() == 0
    ImageDraw.Draw(slope).rectangle((0, 300, 3, 304), fill="white")
    assert Layout.EXTEND not in framings(slope, wide, catalogue()["blog_header"])


def test_the_band_ends_above_what_the_app_covers():
    story = catalogue()["instagram_story"]
    band = framings(photo("coffee"), Kept(), story)[Layout.BAND]
    assert band.placed.bottom < story.height - story.bottom


def test_transparency_shows_the_brands_ground():
    picture = Image.new("RGBA", (100, 100), (255, 255, 255, 0))
    framing = next(iter(framings(picture, Kept(), catalogue()["instagram_post"]).values()))
    assert fill(picture, framing, (1080, 1080), (30, 24, 66)).getpixel((540, 540)) == (30, 24, 66)
