"""Scenes and photographs in which one thing is changed well and badly, and whole pictures redrawn in another look."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from scipy import ndimage

from tasks.domain.models import EditType
from tasks.engines.classical.looks import LOOKS
from tasks.imaging.palette import NAMED
from tests.edits.damage import ACCIDENTS, HARMLESS, any_photo, as_picture, cast
from tests.edits.pair import Pair

SIZES = ((1024, 1024), (1200, 800), (800, 1000), (640, 640))
Area = NDArray[np.bool_]

COLOURS = ("red", "blue", "green", "yellow", "purple", "white", "orange", "pink")
WORDS: Mapping[str, Mapping[str, str]] = {
    "ko": {"red": "빨간색", "blue": "파란색", "green": "초록색", "yellow": "노란색", "purple": "보라색", "white": "흰색",
           "orange": "주황색", "pink": "분홍색", "top": "위", "bottom": "아래", "left": "왼쪽", "right": "오른쪽", "center": "가운데"},
    "zh": {"red": "红色", "blue": "蓝色", "green": "绿色", "yellow": "黄色", "purple": "紫色", "white": "白色", "orange": "橙色",
           "pink": "粉色", "top": "上", "bottom": "下", "left": "左", "right": "右", "center": "中间"},
}  # fmt: skip


def appearance_pairs(seed: int, split: str) -> Iterator[Pair]:
    """The good and bad edits of one scene or photograph: a thing recoloured, added or removed."""
    rng = random.Random(f"{seed} {split}")
    size = rng.choice(SIZES)
    drawn = rng.random() < 0.5
    picture, things = _scene(rng, size) if drawn else _photographed(rng, split, size)
    name, other = rng.sample(sorted(things), 2)
    area, elsewhere = things[name], things[other]
    before = np.asarray(picture, np.float32)[area].mean(axis=0)
    colour = max(rng.sample(COLOURS, 4), key=lambda key: float(np.abs(np.array(NAMED[key]) - before).sum()))
    wrong = max(COLOURS, key=lambda key: float(np.abs(np.array(NAMED[key]) - np.array(NAMED[colour])).sum()))
    masked = rng.random() < 0.35
    mask = ndimage.binary_dilation(area, iterations=rng.randrange(3, 10)) if masked else None
    if drawn and seed % 3 == 2:
        asked, right = "remove", _without(picture, area)
        prompt = f"Remove the {name} {_place(area, 'en')}"
        bad = {"wrong place": _without(picture, elsewhere)}
    elif seed % 3 == 1:
        asked, right = "add", _checkered(picture, area, colour)
        prompt = f"Add a {colour} checkered ball {_place(area, 'en')}"
        bad = {"wrong place": _checkered(picture, elsewhere, colour)}
    else:
        asked, right = "recolour", _recoloured(picture, area, colour)
        prompt = _recolour_prompt(rng, name if drawn else "round area", area, colour)
        bad = {
            "wrong place": _recoloured(picture, elsewhere, colour),
            "wrong colour": _recoloured(picture, area, wrong),
            "collateral": _recoloured(right, elsewhere, wrong),
        }
    another = cast(ImageOps.mirror(any_photo(rng, split, size)), rng)
    stencil = Image.fromarray(area)
    bad |= {
        "no change": picture,
        "background replaced": Image.composite(right, another, stencil),
        "imperceptible": as_picture(np.asarray(picture, np.float32) + area[..., None] * 3),
        "half replaced": _half(right, another),
    }
    for key, again in HARMLESS.items():
        yield Pair(picture, again(right, rng), prompt, EditType.APPEARANCE, True, key, asked, mask)
    bad |= {key: ACCIDENTS[key](right, rng) for key in rng.sample(sorted(ACCIDENTS), 5)}
    for key, result in bad.items():
        again = HARMLESS[rng.choice(sorted(HARMLESS))]
        yield Pair(picture, again(result, rng), prompt, EditType.APPEARANCE, False, key, asked, mask)


STYLES: Mapping[str, tuple[str, str, str]] = {
    "watercolour": ("Make it a watercolour painting", "수채화로 바꿔줘", "变成水彩画"),
    "pencil": ("Turn this photo into a pencil sketch", "연필 스케치로 바꿔줘", "变成铅笔素描"),
    "cartoon": ("Turn this photo into a cartoon", "만화 스타일로 바꿔줘", "变成卡通风格"),
    "sepia": ("Apply a sepia tone", "세피아 톤으로 바꿔줘", "变成怀旧棕褐色调"),
    "black-and-white": ("Make it black and white", "흑백 사진으로 바꿔줘", "把照片变成黑白风格"),
    "night": ("Make it night", "밤 풍경으로 바꿔줘", "变成夜景"),
    "warm": ("Give it a warm look", "따뜻한 느낌으로 바꿔줘", "变成暖色调"),
    "cool": ("Give it a cool look", "차가운 느낌으로 바꿔줘", "变成冷色调"),
    "vintage": ("Give it a vintage look", "빈티지 느낌으로 바꿔줘", "变成复古风格"),
}


def look_pairs(seed: int, split: str) -> Iterator[Pair]:
    """The good and bad edits of one picture redrawn in another look."""
    rng = random.Random(f"{seed} {split} look")
    size = rng.choice(SIZES)
    picture = any_photo(rng, split, size) if rng.random() < 0.7 else _scene(rng, size)[0]
    for style in rng.sample(sorted(STYLES), 3):
        result = HARMLESS[rng.choice(sorted(HARMLESS))](look(style, picture), rng)
        yield Pair(picture, result, rng.choice(STYLES[style]), EditType.SEMANTIC, True, style, "look")
    style = rng.choice(sorted(STYLES))
    right, prompt = look(style, picture), rng.choice(STYLES[style])
    stranger = ImageOps.mirror(any_photo(rng, "test" if split == "dev" else "dev", size)).rotate(90).resize(size)
    bad = {
        "no change": picture,
        "unrelated": look(style, stranger),
        "mush": right.filter(ImageFilter.GaussianBlur(16 * max(size) / 1024)),
        "scrambled": _scrambled(right, rng),
        "half replaced": _half(right, look(style, stranger)),
        "zoomed in": right.resize(
            size,
            Image.Resampling.LANCZOS,
            (0.15 * size[0], 0.15 * size[1], 0.85 * size[0], 0.85 * size[1]),
        ),
        "mirrored": ImageOps.mirror(right),
        "upside down": right.rotate(180),
        **{key: ACCIDENTS[key](right, rng) for key in ("black", "noise", "dead blocks", "lattice", "shifted")},
    }
    for key, result in bad.items():
        again = HARMLESS[rng.choice(sorted(HARMLESS))]
        yield Pair(picture, again(result, rng), prompt, EditType.SEMANTIC, False, key, "look")


def look(name: str, picture: Image.Image) -> Image.Image:
    """`picture` in one of the looks the classical engine knows; 'oil' and 'strong warm' are drawn here."""
    if name == "oil":
        return picture.filter(ImageFilter.ModeFilter(9))
    if name == "strong warm":
        return ImageEnhance.Contrast(as_picture(np.asarray(picture, np.float32) * (1.25, 1.0, 0.7))).enhance(1.3)
    return as_picture(LOOKS[name](np.asarray(picture) / 255.0, np.random.default_rng(0)) * 255)


def _scene(rng: random.Random, size: tuple[int, int]) -> tuple[Image.Image, dict[str, Area]]:
    """A drawn landscape and where each thing in it is."""
    width, height = size
    unit = min(size) / 1000
    wall = rng.randrange(130, 230), rng.randrange(130, 230), rng.randrange(130, 230)
    noise = np.random.default_rng(rng.randrange(1 << 30))
    horizon = round(height * rng.uniform(0.5, 0.62))
    pixels = noise.normal(0, 3, (height, width, 3)).astype(np.float32)
    ramp = np.linspace(1, 0.7, horizon)[:, None, None]
    pixels[:horizon] += np.array([rng.randrange(110, 190), rng.randrange(170, 220), 250]) * ramp
    pixels[horizon:] += (rng.randrange(70, 120), rng.randrange(130, 180), rng.randrange(50, 90))
    coarse = noise.normal(0, 6, (height // 8 + 1, width // 8 + 1)).repeat(8, 0).repeat(8, 1)
    pixels[horizon:] += coarse[horizon:height, :width, None]
    picture, things = as_picture(pixels), {}

    def add(name: str, fill: tuple[int, int, int], shape: str, *corners: float) -> None:
        stencil = Image.new("L", size, 0)
        getattr(ImageDraw.Draw(stencil), shape)([round(corner) for corner in corners], fill=255)
        picture.paste(fill, mask=stencil)
        things[name] = np.asarray(stencil) > 0

    x, y = width * rng.uniform(0.06, 0.2), horizon - 180 * unit
    add(
        "house",
        wall,
        "rectangle",
        x,
        y,
        x + 230 * unit,
        horizon + 40 * unit,
    )
    add(
        "roof",
        (150 + rng.randrange(60), 44, 40),
        "polygon",
        x - 30 * unit,
        y,
        x + 260 * unit,
        y,
        x + 115 * unit,
        y - 110 * unit,
    )
    x, y = width * rng.uniform(0.62, 0.85), height * rng.uniform(0.1, 0.22)
    add("sun", (250, 210, 70), "ellipse", x - 60 * unit, y - 60 * unit, x + 60 * unit, y + 60 * unit)
    x = width * rng.uniform(0.68, 0.84)
    add(
        "tree",
        (40, rng.randrange(100, 140), 50),
        "ellipse",
        x - 90 * unit,
        horizon - 230 * unit,
        x + 90 * unit,
        horizon - 20 * unit,
    )
    x, y = width * rng.uniform(0.3, 0.5), height * rng.uniform(0.76, 0.86)
    fill = rng.choice(((200, 30, 30), (30, 60, 200), (240, 240, 240), (230, 160, 20)))
    add("car", fill, "rectangle", x, y, x + 280 * unit, y + 80 * unit)
    return picture, things


def _photographed(rng: random.Random, split: str, size: tuple[int, int]) -> tuple[Image.Image, dict[str, Area]]:
    """A photograph and two round areas in different corners of it."""
    picture = any_photo(rng, split, size)
    rows, columns = np.indices((size[1], size[0]))
    corners = rng.sample([(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)], 2)
    areas = {}
    for number, (x, y) in enumerate(corners):
        radius = min(size) * rng.uniform(0.07, 0.14)
        areas[f"area {number}"] = (columns - x * size[0]) ** 2 + (rows - y * size[1]) ** 2 < radius**2
    return picture, areas


def _where(area: Area) -> tuple[str, str]:
    """Row and column words of the third of the picture the middle of an area lies in."""
    rows, columns = (np.flatnonzero(area.any(axis=axis)) for axis in (1, 0))
    row = int((rows[0] + rows[-1]) / 2 * 3 / area.shape[0])
    column = int((columns[0] + columns[-1]) / 2 * 3 / area.shape[1])
    return ("top", "", "bottom")[row], ("left", "", "right")[column]


def _place(area: Area, language: str) -> str:
    row, column = _where(area)
    if language == "en":
        return f"at the {' '.join(filter(None, (row, column))) or 'center'}"
    words = WORDS[language]
    if language == "ko":
        return " ".join(words[key] for key in (column, row) if key) or words["center"]
    return "".join(words[key] for key in (column, row) if key) or words["center"]


def _recolour_prompt(rng: random.Random, name: str, area: Area, colour: str) -> str:
    language = rng.choice(("en", "en", "ko", "zh"))
    place = _place(area, language)
    if language == "ko":
        return f"{place}에 있는 것을 {WORDS['ko'][colour]}으로 바꿔줘"
    if language == "zh":
        spot = place if place == "中间" else f"{place}{'角' if len(place) == 2 else '边'}"
        return f"把{spot}的东西改成{WORDS['zh'][colour]}"
    return rng.choice((f"Change the {name} {place} to {colour}", f"Make the {name} {place} {colour}"))


def _recoloured(picture: Image.Image, area: Area, colour: str) -> Image.Image:
    """Another colour under the same light."""
    pixels = np.array(picture, np.float32)
    light = pixels[area] @ np.array([0.299, 0.587, 0.114], np.float32)
    pixels[area] = np.array(NAMED[colour]) * (light / max(1.0, float(light.mean())))[:, None]
    return as_picture(pixels)


def _checkered(picture: Image.Image, area: Area, colour: str) -> Image.Image:
    pixels = np.array(picture)
    rows, columns = np.indices(area.shape)
    light = (rows // 14 + columns // 14) % 2 == 0
    pixels[area & light], pixels[area & ~light] = NAMED[colour], (24, 24, 26)
    return Image.fromarray(pixels)


def _without(picture: Image.Image, area: Area) -> Image.Image:
    """The area filled with what lies left and right of it, row by row, with the same grain."""
    pixels = np.array(picture, np.float32)
    hole = ndimage.binary_dilation(area, iterations=3)
    grain = pixels - ndimage.gaussian_filter(pixels, (2, 2, 0))
    for row in np.flatnonzero(hole.any(axis=1)):
        known = np.flatnonzero(~hole[row])
        for channel in range(3):
            smooth = ndimage.uniform_filter1d(pixels[row, known, channel], 25)
            pixels[row, :, channel] = np.where(
                hole[row], np.interp(np.arange(hole.shape[1]), known, smooth), pixels[row, :, channel]
            )
    texture = np.roll(grain, area.shape[1] // 3, axis=1)
    pixels[hole] += texture[hole]
    return as_picture(pixels)


def _half(right: Image.Image, other: Image.Image) -> Image.Image:
    half = right.copy()
    half.paste(other.crop((0, 0, right.width // 2, right.height)), (0, 0))
    return half


def _scrambled(picture: Image.Image, rng: random.Random) -> Image.Image:
    width, height = picture.width // 4, picture.height // 4
    corners = [(column * width, row * height) for row in range(4) for column in range(4)]
    shuffled, result = rng.sample(corners, 16), picture.copy()
    for (left, top), target in zip(corners, shuffled, strict=True):
        result.paste(picture.crop((left, top, left + width, top + height)), target)
    return result
