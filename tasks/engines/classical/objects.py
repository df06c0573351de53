"""Simple things added to a picture: shapes, a badge, a caption box, a framed painting on the wall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

from tasks.domain.errors import UnsupportedInstruction
from tasks.domain.instruction import Operation
from tasks.domain.models import Box
from tasks.engines.protocol import Edited
from tasks.imaging import palette
from tasks.imaging.area import Mask, bounding_box
from tasks.imaging.region import cell

SCALE = 4
"""Things are drawn this much larger and reduced: smooth edges."""
FACE = Path(palette.__file__).parent / "fonts" / "NotoSansCJK-Bold.otf"

OUTLINES: Mapping[str, Sequence[tuple[float, float]]] = {
    "triangle": ((0.5, 0.04), (0.98, 0.92), (0.02, 0.92)),
    "arrow": ((0.02, 0.36), (0.58, 0.36), (0.58, 0.12), (0.98, 0.5), (0.58, 0.88), (0.58, 0.64), (0.02, 0.64)),
    "star": tuple(
        (0.5 + (0.5, 0.2)[k % 2] * np.sin(np.pi * k / 5), 0.53 - (0.5, 0.2)[k % 2] * np.cos(np.pi * k / 5))
        for k in range(10)
    ),
    "heart": tuple(
        (
            0.5 + np.sin(t) ** 3 * 0.48,
            0.46 - (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 34,
        )
        for t in np.linspace(0, 2 * np.pi, 80)
    ),
}
"""Corners of the shapes in a unit square."""

SHARE: Mapping[str, tuple[float, float]] = {"painting": (0.30, 0.75), "caption box": (0.5, 0.22), "badge": (0.2, 1.0)}
"""Width as a share of the picture's shorter side, and height as a share of that width; shapes take 0.18 and 1."""


def add_object(image: Image.Image, operation: Operation, allowed: Mask | None, seed: int) -> Edited:
    """The picture with the thing in it: where `allowed`, else where it disturbs least.

    Raises `UnsupportedInstruction` for a thing this engine cannot draw, or when there is no room.
    """
    thing = operation.thing or ""
    draw = DRAWINGS.get(thing)
    if draw is None:
        raise UnsupportedInstruction(f"cannot draw {thing!r}; there are: {', '.join(DRAWINGS)}")
    box = _spot(image, thing, operation, allowed)
    size = (box.width * SCALE, box.height * SCALE)
    layer = draw(size, operation, np.random.default_rng(seed))
    small = layer.resize((box.width, box.height), Image.Resampling.LANCZOS)
    result = image.copy()
    if thing in {"painting", "badge", "caption box"}:
        _cast_shadow(result, small, box)
    result.paste(small, (box.left, box.top), small)
    return Edited(result, {"thing": thing, "box": " ".join(map(str, box))})


def draw_shape(size: tuple[int, int], operation: Operation, rng: np.random.Generator) -> Image.Image:
    """A filled shape."""
    del rng
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    brush, colour = ImageDraw.Draw(layer), palette.to_rgb(operation.colour or "red")
    width, height = size
    if operation.thing == "circle":
        brush.ellipse((0, 0, width - 1, height - 1), fill=colour)
    elif operation.thing == "square":
        brush.rectangle((0, 0, width - 1, height - 1), fill=colour)
    else:
        brush.polygon([(x * width, y * height) for x, y in OUTLINES[operation.thing or "star"]], fill=colour)
    return layer


def draw_badge(size: tuple[int, int], operation: Operation, rng: np.random.Generator) -> Image.Image:
    """A round sticker with a white rim and the quoted words, or a star, on it."""
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    brush, colour = ImageDraw.Draw(layer), palette.to_rgb(operation.colour or "red")
    width, height = size
    brush.ellipse((0, 0, width - 1, height - 1), fill=palette.NAMED["white"])
    rim = 0.06 * width
    brush.ellipse((rim, rim, width - rim, height - rim), fill=colour)
    if operation.text and operation.text.new:
        _write(layer, operation.text.new, 0.72 * width, 0.4 * height, palette.legible_on(colour))
    else:
        star = operation.model_copy(update={"thing": "star", "colour": "white"})
        mark = draw_shape((width // 2, height // 2), star, rng)
        layer.paste(mark, (width // 4, height // 4), mark)
    return layer


def draw_caption_box(size: tuple[int, int], operation: Operation, rng: np.random.Generator) -> Image.Image:
    """A rounded box with the quoted words, legible on its colour. Raises `UnsupportedInstruction` without words."""
    del rng
    if not (operation.text and operation.text.new):
        raise UnsupportedInstruction("a caption box needs its words in quotes: Add a caption box that says 'Hello'")
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    colour = palette.to_rgb(operation.colour or "white")
    ImageDraw.Draw(layer).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), size[1] // 4, fill=colour)
    _write(layer, operation.text.new, 0.86 * size[0], 0.52 * size[1], palette.legible_on(colour))
    return layer


def draw_painting(size: tuple[int, int], operation: Operation, rng: np.random.Generator) -> Image.Image:
    """A framed modern painting: overlapping colour fields in a calm palette, a mat and a thin dark frame."""
    del operation
    width, height = size
    layer = Image.new("RGBA", size, (46, 40, 36, 255))
    frame, mat = round(0.022 * width), round(0.085 * width)
    brush = ImageDraw.Draw(layer)
    brush.rectangle((frame, frame, width - frame, height - frame), fill=(246, 243, 236))
    paints = PAINTS[int(rng.integers(len(PAINTS)))]
    canvas = Image.new("RGB", (width - 2 * mat, height - 2 * mat), paints[0])
    fields = ImageDraw.Draw(canvas, "RGBA")
    for k in range(7):
        x, y = rng.uniform(-0.1, 0.8) * canvas.width, rng.uniform(-0.1, 0.8) * canvas.height
        w, h = rng.uniform(0.2, 0.6) * canvas.width, rng.uniform(0.2, 0.6) * canvas.height
        colour = (*paints[1 + k % (len(paints) - 1)], 215)
        if k % 3 == 2:
            fields.ellipse((x, y, x + w * 0.8, y + w * 0.8), fill=colour)
        else:
            fields.rectangle((x, y, x + w, y + h), fill=colour)
    fields.line(
        (0, 0.7 * canvas.height, canvas.width, 0.55 * canvas.height), fill=(40, 38, 44, 255), width=width // 160
    )
    layer.paste(canvas, (mat, mat))
    return layer


PAINTS: Sequence[Sequence[palette.RGB]] = (
    ((236, 226, 208), (208, 96, 66), (44, 84, 110), (228, 172, 88), (120, 146, 128)),
    ((226, 230, 228), (36, 62, 84), (214, 128, 104), (122, 164, 170), (240, 202, 150)),
    ((240, 232, 220), (150, 62, 70), (68, 100, 92), (222, 164, 120), (52, 52, 72)),
)
"""Ground and fields of the paintings."""

DRAWINGS: Mapping[str, Callable[[tuple[int, int], Operation, np.random.Generator], Image.Image]] = {
    "painting": draw_painting,
    "caption box": draw_caption_box,
    "badge": draw_badge,
    "star": draw_shape,
    "heart": draw_shape,
    "circle": draw_shape,
    "square": draw_shape,
    "triangle": draw_shape,
    "arrow": draw_shape,
}


def _spot(image: Image.Image, thing: str, operation: Operation, allowed: Mask | None) -> Box:
    """Where the thing goes: the middle of a given region, the calmest spot of a grid cell, or of the picture."""
    share, proportion = SHARE.get(thing, (0.18, 1.0))
    width = max(8, round(share * min(image.size)))
    if operation.text and operation.text.new and thing == "caption box":
        width = min(round(0.9 * image.width), round(width * proportion * 0.62 * _ems(operation.text.new)) + width // 5)
        height = max(8, round(share * min(image.size) * proportion))
    else:
        height = max(8, round(width * proportion))
    if allowed is not None:
        room = bounding_box(allowed)
        fit = min(1.0, 0.96 * room.width / width, 0.96 * room.height / height)
        width, height = max(4, round(width * fit)), max(4, round(height * fit))
        if operation.place is None:
            return _centred(room, width, height)
        across = operation.place in {"top", "center", "bottom"}
        return _calmest(image, width, height, cell(image.size, operation.place) & allowed, centred=across)
    return _calmest(image, width, height, np.ones((image.height, image.width), dtype=bool))


def _calmest(image: Image.Image, width: int, height: int, where: Mask, *, centred: bool = False) -> Box:
    """The place for a box of this size within `where` with the least going on; a little above the middle if equal.

    `centred` things stand in the middle of the picture's width unless that is a very busy place.
    """
    room = bounding_box(where)
    if width > room.width or height > room.height:
        raise UnsupportedInstruction(f"no room for {width} x {height} pixels there; name a larger place")
    grey = np.asarray(image.convert("L"), dtype=np.float64)
    busy = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1))
    trouble = _window_means(busy, width, height)
    rows, columns = np.mgrid[0 : trouble.shape[0], 0 : trouble.shape[1]].astype(float)
    sideways = ((columns + width / 2) / image.width - 0.5) ** 2
    offside = (100 if centred else 1) * sideways + ((rows + height / 2) / image.height - 0.42) ** 2
    inside = _window_means(where.astype(float), width, height) > 0.999
    edge = 0.03 * min(image.size)
    apart = (
        (rows >= edge)
        & (columns >= edge)
        & (rows + height <= image.height - edge)
        & (columns + width <= image.width - edge)
    )
    cost = trouble + 6 * offside + np.where(inside, 0, 1e6) + np.where(apart, 0, 50)
    top, left = np.unravel_index(int(cost.argmin()), cost.shape)
    return Box(int(left), int(top), int(left) + width, int(top) + height)


def _window_means(values: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Mean over each window of that size, by its top left corner (integral image)."""
    total = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    sums = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    return np.asarray(sums / (width * height))


def _centred(room: Box, width: int, height: int) -> Box:
    left, top = room.left + (room.width - width) // 2, room.top + (room.height - height) // 2
    return Box(left, top, left + width, top + height)


def _cast_shadow(picture: Image.Image, thing: Image.Image, box: Box) -> None:
    """Darken the picture softly below and beside the thing, so that it lies on it."""
    reach = max(2, box.width // 40)
    shadow = Image.new("L", picture.size, 0)
    shadow.paste(
        thing.getchannel("A").point(lambda alpha: alpha * 110 // 255), (box.left + reach // 2, box.top + reach)
    )
    picture.paste((20, 16, 14), mask=shadow.filter(ImageFilter.GaussianBlur(reach)))


def _write(layer: Image.Image, text: str, width: float, height: float, colour: palette.RGB) -> None:
    """The text in the middle of the layer, as large as fits."""
    size = int(height)
    font = ImageFont.truetype(FACE, size, layout_engine=ImageFont.Layout.BASIC)
    if font.getlength(text) > width:
        font = font.font_variant(size=max(8, int(size * width / font.getlength(text))))
    ImageDraw.Draw(layer).text((layer.width / 2, layer.height / 2), text, font=font, fill=colour, anchor="mm")


def _ems(text: str) -> float:
    """About how wide the text is set, in ems."""
    return float(ImageFont.truetype(FACE, 100, layout_engine=ImageFont.Layout.BASIC).getlength(text)) / 100
