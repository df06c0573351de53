"""The visible label of a picture that was edited: its own plate, a free place, letters that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from tasks.domain.models import Box, TextLine
from tasks.imaging.area import Pixels
from tasks.imaging.framing.weight import find_faces
from tasks.imaging.lettering import LineStyle, draw_line, ink_extent
from tasks.imaging.palette import NAMED
from tasks.imaging.typeface import BUNDLED, covers

LEAST, SHARE = 12, 0.018
"""Height of the tallest letter: at least so many pixels, and so much of the picture's shorter side."""
MARGIN = 0.02
"""Share of the shorter side between the label and the picture's border."""
INK, PLATE = NAMED["white"], NAMED["black"]
"""A contrast of 17 : 1; WCAG 2.2 asks for 7 of the strictest text (success criterion 1.4.6)."""
SIZES = (1.5, 1.25, 1.0)
"""How many times the least size is tried, the first that finds a place: a margin for what scales pictures down."""
STEPS = 24
"""Places tried along each side."""


def label(image: Image.Image, text: str, avoid: Sequence[Box]) -> tuple[Image.Image, Box] | None:
    """The picture (RGB or RGBA) with the label on it, and the rectangle it fills; pixels outside are untouched.

    None when no place is free of `avoid`, or the picture is too small for letters that can be read.
    """
    least = max(LEAST, SHARE * min(image.size))
    for factor in SIZES:
        style = _style(text, least * factor)
        place = find_place(image, _plate_size(text, style), avoid)
        if place is not None:
            return put(image, text, style, place), place
    return None


def avoided(image: Image.Image, lines: Sequence[TextLine]) -> tuple[Box, ...]:
    """What no label may cover: the lines of text that were read in the picture, and the faces found (0.3 s)."""
    return (*(line.box for line in lines), *find_faces(image))


def find_place(image: Image.Image, size: tuple[int, int], avoid: Sequence[Box]) -> Box | None:
    """The rectangle of `size` that touches nothing of `avoid`; None without any.

    Corners come first (bottom right, bottom left, top right, top left), then the calmest place along the borders, then
    the calmest anywhere.
    """
    margin = round(MARGIN * min(image.size))
    across, down = image.width - size[0] - 2 * margin, image.height - size[1] - 2 * margin
    if across < 0 or down < 0:
        return None

    def at(x: int, y: int) -> Box:
        return Box(margin + x, margin + y, margin + x + size[0], margin + y + size[1])

    def free(boxes: Iterator[Box]) -> list[Box]:
        return [box for box in boxes if not any(_meet(box, other) for other in avoid)]

    corners = free(at(x, y) for y in (down, 0) for x in (across, 0))
    if corners:
        return corners[0]
    columns, rows = (np.linspace(0, room, STEPS).round().astype(int).tolist() for room in (across, down))
    ends = {0, STEPS - 1}
    everywhere = [(i, j) for i in range(STEPS) for j in range(STEPS)]
    for border in (True, False):
        spots = free(at(columns[i], rows[j]) for i, j in everywhere if border is bool(ends & {i, j}))
        if spots:
            grey = np.asarray(image.convert("L"))
            return min(spots, key=lambda box: grey[box.top : box.bottom, box.left : box.right].std())
    return None


def put(image: Image.Image, text: str, style: LineStyle, place: Box) -> Image.Image:
    """A copy of the picture with `text` in the middle of an opaque plate that fills `place`."""
    extent = ink_extent(style, text)
    x = (place.width - extent.left - extent.right) / 2
    baseline = (place.height - extent.top - extent.bottom) / 2
    matte = draw_line((place.height, place.width), style, text, x, baseline)[..., None]
    plate: Pixels = np.asarray(PLATE, np.float32) * (1 - matte) + np.asarray(INK, np.float32) * matte
    labelled = image.copy()
    labelled.paste(Image.fromarray(np.rint(plate).astype(np.uint8)).convert(image.mode), (place.left, place.top))
    return labelled


def _style(text: str, height: float) -> LineStyle:
    """Plain bold letters, the tallest of `text` so many pixels high."""
    face = next(face for face in BUNDLED if face.bold and covers(face, text))
    extent = ink_extent(LineStyle(face, 1.0), text)
    return LineStyle(face, height / (extent.bottom - extent.top))


def _plate_size(text: str, style: LineStyle) -> tuple[int, int]:
    """The ink with half its height around it, in whole pixels."""
    extent = ink_extent(style, text)
    air = extent.bottom - extent.top
    return round(extent.right - extent.left + 1.2 * air), round(2 * air)


def _meet(one: Box, other: Box) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom
