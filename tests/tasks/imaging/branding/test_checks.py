from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from tasks.domain.brand import Brand, Logo, Position
from tasks.domain.campaign import BrandCheckName, Framing, Kept, Layout
from tasks.domain.models import Box, TextLine
from tasks.domain.platforms import Platform, catalogue
from tasks.imaging.branding import logo as branding
from tasks.imaging.branding.checks import check_brand, palette_share, present
from tasks.imaging.branding.words import read_again, text_contrast
from tests.drawing import Item, poster

POST = catalogue()["instagram_post"]
WHOLE = Framing(layout=Layout.CROP, window=(0, 0, 1080, 1080), placed=Box(0, 0, 1080, 1080), scale=1, kept=1, reason="")


def mark(ink: tuple[int, int, int], size: tuple[int, int] = (300, 100)) -> Image.Image:
    """A ring and a bar on nothing."""
    picture = Image.new("RGBA", size, (*ink, 0))
    draw = ImageDraw.Draw(picture)
    side = min(size)
    draw.ellipse((2, 2, side - 3, side - 3), outline=(*ink, 255), width=max(1, side // 6))
    draw.rectangle((side, side // 3, size[0] - 1, 2 * side // 3), fill=(*ink, 255))
    return picture


DARK, LIGHT = mark((20, 20, 30)), mark((250, 250, 245))
WANTED, NOTHING = Logo(picture="x"), Kept()
BRAND = Brand(name="x", colours=("navy", "white"), palette=0, logo=Logo(picture="logo.png"))


def placed(canvas: Image.Image, taken=(), logos=(DARK, LIGHT), platform: Platform = POST, wanted=WANTED):
    return branding.place(canvas, list(logos), wanted, platform, WHOLE, taken)


@pytest.mark.parametrize(("ground", "variant"), [("white", 0), ("#101828", 1)])
def test_the_variant_that_can_be_seen_is_taken(ground, variant):
    found = placed(Image.new("RGB", POST.size, ground))
    assert (found.variant, found.position) == (variant, Position.BOTTOM_RIGHT)
    assert found.legible == 1


def test_a_logo_keeps_its_proportions_and_the_margin():
    box = placed(Image.new("RGB", POST.size, "white"), wanted=Logo(picture="x", margin=5)).box
    seen = branding.trimmed(DARK)
    assert abs(box.width / box.height - seen.width / seen.height) < 0.05
    assert (box.right, box.bottom) == (1080 - 54, 1080 - 54)


def test_lettering_in_the_wanted_corner_moves_the_logo_to_another():
    found = placed(Image.new("RGB", POST.size, "white"), taken=[Box(600, 900, 1080, 1000)])
    assert found.position is Position.BOTTOM_LEFT
    assert found.reason.startswith("moved")


def test_a_busy_corner_is_left_for_a_calm_one():
    noise = np.random.default_rng(0).integers(0, 255, (1080, 1080, 3), dtype=np.uint8)
    noise[:540] = 255
    assert placed(Image.fromarray(noise)).position is Position.TOP_RIGHT


def test_the_corner_an_app_covers_is_not_used():
    youtube = catalogue()["youtube_thumbnail"]
    found = branding.place(Image.new("RGB", youtube.size, "white"), [DARK], Logo(picture="x"), youtube, WHOLE, [])
    assert found.position is Position.BOTTOM_LEFT


@pytest.mark.parametrize(
    "logo",
    [
        Image.new("RGB", (4000, 4000), "red"),
        Image.new("L", (10, 10), 128),
        mark((0, 0, 0), (3000, 40)),
        Image.new("RGB", (30, 2000), "black"),
        Image.new("LA", (1, 1), (0, 255)),
    ],
    ids=["larger than the picture, no alpha", "grey", "ribbon", "pole", "one pixel"],
)
@pytest.mark.parametrize("platform", ["instagram_story", "blog_thumbnail"])
def test_any_logo_lies_inside_any_picture(logo, platform):
    place = catalogue()[platform]
    canvas = Image.new("RGB", place.size, "white")
    found = branding.place(canvas, [logo], Logo(picture="x", size=40, margin=0), place, WHOLE, [])
    assert found.box.left >= 0
    assert found.box.top >= 0
    assert found.box.right <= place.width
    assert found.box.bottom <= place.height
    assert branding.put(canvas, [logo], found).size == place.size


def test_a_transparent_border_of_the_file_is_not_part_of_the_logo():
    roomy = Image.new("RGBA", (900, 700), (0, 0, 0, 0))
    roomy.paste(DARK, (300, 300))
    assert branding.trimmed(roomy).size == branding.trimmed(DARK).size


def checked(picture: Image.Image, placement=None, look: Kept = NOTHING, brand: Brand = BRAND, framing=WHOLE, seen=()):
    found = check_brand(picture, look, framing, placement, [DARK, LIGHT], brand, POST, lambda _picture: seen)
    return {check.name: check for check in found}


def test_a_logo_at_its_place_passes_every_check_and_one_that_is_not_there_is_missed():
    canvas = Image.new("RGB", POST.size, "white")
    placement = placed(canvas)
    good = checked(branding.put(canvas, [DARK, LIGHT], placement), placement)
    assert all(check.passed for check in good.values())
    assert not checked(canvas, placement)[BrandCheckName.LOGO_PRESENT].passed


def test_a_logo_drawn_over_or_moved_is_not_present():
    canvas = Image.new("RGB", POST.size, "white")
    placement = placed(canvas)
    picture = branding.put(canvas, [DARK], placement)
    box = placement.box
    moved = Image.new("RGB", POST.size, "white")
    moved.paste(picture, (-8, 0))
    assert present(moved, DARK, box) == 0
    ImageDraw.Draw(picture).rectangle((box.left, box.top, box.left + box.width // 2, box.bottom), fill="orange")
    assert present(picture, DARK, box) < 0.7


def test_a_logo_on_its_own_colour_or_in_a_pattern_is_told():
    canvas = Image.new("RGB", POST.size, (20, 20, 30))
    placement = placed(canvas, logos=[DARK])
    found = checked(branding.put(canvas, [DARK], placement), placement)
    assert not found[BrandCheckName.LOGO_LEGIBLE].passed
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (1080, 1080, 3), dtype=np.uint8))
    placement = placed(noise)
    assert not checked(branding.put(noise, [DARK, LIGHT], placement), placement)[BrandCheckName.LOGO_CALM].passed


def test_lettering_too_near_the_logo_is_told():
    canvas = Image.new("RGB", POST.size, "white")
    placement = placed(canvas)
    box = placement.box
    line = TextLine(text="too near", box=Box(box.left, box.top - 30, box.right, box.top - 4), confidence=0.9)
    look = Kept(lines=(line,), contrasts=(10.0,))
    assert not checked(canvas, placement, look, seen=(line,))[BrandCheckName.LOGO_FREE].passed


def test_the_palette_tells_brand_colours_from_a_photograph():
    assert palette_share(Image.new("RGB", (50, 50), (24, 36, 92)), ("navy",))[0] == 1
    assert palette_share(Image.fromarray(data.coffee()), ("navy", "#ffc828", "white"))[0] < 0.1


def test_words_that_are_gone_covered_pale_or_forbidden_are_named():
    line = TextLine(text="여름 세일", box=Box(100, 100, 300, 130), confidence=0.99)
    look, canvas = Kept(lines=(line,), contrasts=(2.0,)), Image.new("RGB", POST.size, "white")
    found = checked(canvas, None, look, BRAND.model_copy(update={"forbidden": ("세일",)}))
    assert "여름 세일" in found[BrandCheckName.WORDS_KEPT].detail
    assert not found[BrandCheckName.WORDS_LEGIBLE].passed
    brand = BRAND.model_copy(update={"forbidden": ("세일",)})
    assert not checked(canvas, None, look, brand, seen=(line,))[BrandCheckName.WORDS_ALLOWED].passed
    story = catalogue()["instagram_story"]
    covered = check_brand(canvas, look, WHOLE, None, [], BRAND, story, lambda _picture: (line,))
    assert not {check.name: check for check in covered}[BrandCheckName.WORDS_SHOWN].passed


def test_too_much_enlargement_does_not_pass():
    framing = WHOLE.model_copy(update={"scale": 4.0})
    check = checked(Image.new("RGB", POST.size), framing=framing)[BrandCheckName.RESOLUTION]
    assert not check.passed
    assert "4.00" in check.detail


def test_contrast_is_that_of_the_ink():
    picture = poster("flat", Item("Summer Sale", size=60, at=(60, 60)))
    line = TextLine(text="Summer Sale", box=Box(58, 70, 420, 130), confidence=0.99)
    assert 8 < text_contrast(picture, line) < 10.5
    assert text_contrast(picture, line.model_copy(update={"text": "ㅣ"})) == 0


def test_a_line_read_with_a_fault_counts_as_read():
    seen = (TextLine(text="Sumner Sale today", box=Box(0, 0, 1, 1), confidence=0.9),)
    assert read_again("Summer Sale", seen)
    assert not read_again("Winter Deals", seen)
