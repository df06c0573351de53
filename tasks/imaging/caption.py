"""New lettering in a picture: its place, its style after what is already there, a colour that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageColor
from scipy import ndimage

from tasks.domain.errors import UnsupportedInstruction
from tasks.domain.models import Box
from tasks.imaging.glyphs import isolate
from tasks.imaging.heal import Mask, Pixels
from tasks.imaging.ink import Ink, plain_ink
from tasks.imaging.fitting import fit_style
from tasks.imaging.lettering import LineStyle, ink_extent
from tasks.imaging.lifting import Sheet
from tasks.imaging.rewriting import Line, style_for
from tasks.imaging.typeface import BUNDLED, Face, faces_for
from tasks.imaging.typesetting import Alignment, Room, Setting, typeset


class Caption(NamedTuple):
    """The picture with the new words, their style, and the rectangle they fill."""

    image: Image.Image
    style: LineStyle
    box: Box


_SHARE = 0.06
"""Size of lettering in a picture without any: share of the shorter side, a usual headline."""
_MARGIN = 0.05
"""Share of the picture kept free at its borders."""
_READABLE = 4.5
"""Contrast ratio of text to ground that WCAG 2.2 asks for (success criterion 1.4.3)."""
_PLACES = {  # column and row of the 3x3 grid; the middle column is as wide as the picture
    "top-left": (0, 0), "top": (1, 0), "top-right": (2, 0),
    "left": (0, 1), "center": (1, 1), "right": (2, 1),
    "bottom-left": (0, 2), "bottom": (1, 2), "bottom-right": (2, 2),
}  # fmt: skip
_ALIGNED = (Alignment.LEFT, Alignment.CENTRE, Alignment.RIGHT)
_UNASKED = ("bottom", "top", "center")


def write_caption(
    image: Image.Image, text: str, lines: Sequence[Line], place: str | None, colour: str | None, allowed: Mask | None
) -> Caption:
    """`image` (RGB) with `text` written where `allowed`, else in the cell `place`, else where it is calmest.

    `lines` are the texts already there: the nearest lends its style, none is written over where that can be helped.
    `colour` is a name or '#rrggbb'; None takes the neighbour's if it can be read, else black or white. Raises
    `UnsupportedInstruction` for a colour or a place that is not known.
    """
    pixels = np.asarray(image, np.float32)
    rooms = [_room(cell, image.size) for cell in ([place] if place else _UNASKED)]
    aligned = _ALIGNED[_cell(place)[0]] if place else Alignment.CENTRE
    if allowed is not None and allowed.any():
        rows, columns = (np.flatnonzero(allowed.any(axis=axis)).tolist() for axis in (1, 0))
        rooms, aligned = [Box(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)], Alignment.CENTRE
    style, worn = _style(image, text, lines, rooms[0])
    spots = [spot for room in rooms for spot in _spots(text, style, room, aligned)]
    settings, box = min(spots, key=lambda spot: _trouble(pixels, spot[1], lines))
    ink = _ink(pixels[box.top : box.bottom, box.left : box.right], colour, worn)
    sheet = Sheet(pixels)
    for setting in settings:
        sheet.print(setting, ink)
    return Caption(sheet.onto(image, allowed), settings[0].style, box)


def _cell(place: str) -> tuple[int, int]:
    try:
        return _PLACES[place]
    except KeyError:
        raise UnsupportedInstruction(f"unknown place {place!r}; known places: {', '.join(_PLACES)}") from None


def _room(place: str, size: tuple[int, int]) -> Box:
    """The cell's rectangle, in the picture less its margins; cells of the middle column take the full width."""
    column, row = _cell(place)
    margin = round(_MARGIN * min(size))
    width, height = size[0] - 2 * margin, size[1] - 2 * margin
    left, right = ((0, 0.5), (0, 1), (0.5, 1))[column]
    return Box(
        margin + round(left * width),
        margin + round(row * height / 3),
        margin + round(right * width),
        margin + round((row + 1) * height / 3),
    )


def _style(image: Image.Image, text: str, lines: Sequence[Line], room: Box) -> tuple[LineStyle, Ink | None]:
    """The style and ink of the text nearest to `room`; a bold sans serif where there is none to take after."""
    middle = (room.top + room.bottom) / 2
    for line in sorted(lines, key=lambda each: abs((each.box.top + each.box.bottom) / 2 - middle))[:2]:
        glyphs = isolate(image, line.box, line.text)
        fit = fit_style(glyphs.matte, line.text, faces_for(line.text)) if glyphs else None
        if glyphs and fit and fit.score > 0.5:
            colour = np.median(glyphs.ink[glyphs.matte > 0.5], axis=0)
            return style_for(fit.style, text), plain_ink(tuple(colour.astype(int).tolist()))
    bold: Face = next(face for face in BUNDLED if face.bold)
    return style_for(LineStyle(bold, max(12.0, _SHARE * min(image.size))), text), None


def _spots(text: str, style: LineStyle, room: Box, align: Alignment) -> list[tuple[list[Setting], Box]]:
    """`text` set at several heights in `room`, the middle one first, each with the rectangle of its ink."""
    _, top, _, bottom = ink_extent(style, text)
    x = {Alignment.LEFT: room.left, Alignment.CENTRE: (room.left + room.right) // 2, Alignment.RIGHT: room.right}[align]
    spots = []
    for share in (0.5, 0.35, 0.65, 0.2, 0.8, 0.05, 0.95):
        baseline = room.top - top + share * max(0.0, room.height - (bottom - top))
        line = Box(x, round(baseline + top), x, round(baseline + bottom))
        settings = typeset(text, style, line, baseline, Room(*room), align)
        boxes = [ink_extent(setting.style, setting.text) for setting in settings]
        spots.append(
            (
                settings,
                Box(
                    int(min(s.x + box[0] for s, box in zip(settings, boxes, strict=True))),
                    int(min(s.baseline + box[1] for s, box in zip(settings, boxes, strict=True))),
                    int(max(s.x + box[2] for s, box in zip(settings, boxes, strict=True))) + 1,
                    int(max(s.baseline + box[3] for s, box in zip(settings, boxes, strict=True))) + 1,
                ),
            )
        )
    return spots


def _trouble(pixels: Pixels, box: Box, lines: Sequence[Line]) -> float:
    """How bad a place for lettering `box` is: over other lettering worst, then over a restless ground."""
    covered = sum(
        max(0, min(box.right, b.right) - max(box.left, b.left))
        * max(0, min(box.bottom, b.bottom) - max(box.top, b.top))
        for b in (line.box for line in lines)
    )
    part = pixels[max(0, box.top) : box.bottom, max(0, box.left) : box.right]
    restless = float(part.std(axis=(0, 1)).mean()) if part.size else 255.0
    return covered / max(1, box.width * box.height) * 1000 + restless


def _ink(ground: Pixels, colour: str | None, worn: Ink | None) -> Ink:
    if colour is not None:
        try:
            red, green, blue = ImageColor.getrgb(colour.replace(" ", ""))[:3]
        except ValueError:
            raise UnsupportedInstruction(f"unknown colour {colour!r}; use a name such as 'red' or '#rrggbb'") from None
        return plain_ink((red, green, blue))
    light = float(_luminance(ground.reshape(-1, 3)).mean())
    if worn and _contrast(float(_luminance(worn.slope[0])), light) >= _READABLE:
        return worn
    return plain_ink((255, 255, 255) if _contrast(1.0, light) > _contrast(0.0, light) else (0, 0, 0))


def _luminance(colours: Pixels) -> Pixels:
    """Relative luminance, 0..1, of sRGB colours 0..255 as WCAG defines it."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), np.float32)


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
