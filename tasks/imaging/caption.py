"""New lettering in a picture: its place, its style after what is already there, a colour that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tasks.domain.models import Box
from tasks.imaging import palette
from tasks.imaging.area import Mask, Pixels, around, bounding_box, overlap, window
from tasks.imaging.fitting import fit_style
from tasks.imaging.glyphs import isolate
from tasks.imaging.ink import Ink, plain_ink
from tasks.imaging.lettering import LineStyle, ink_extent
from tasks.imaging.lifting import Sheet
from tasks.imaging.region import cell
from tasks.imaging.rewriting import Line, style_for
from tasks.imaging.typeface import BUNDLED, faces_for
from tasks.imaging.typesetting import Alignment, Room, Setting, typeset


class Caption(NamedTuple):
    """The picture with the new words, their style, and the rectangle they fill."""

    image: Image.Image
    style: LineStyle
    box: Box


class _Spot(NamedTuple):
    """Words set at one height, and the rectangle of their ink."""

    settings: Sequence[Setting]
    box: Box


_SHARE = 0.08
"""Size of lettering in a picture without any: share of the shorter side, a usual headline."""
_MARGIN = 0.05
"""Share of the picture's shorter side kept free at its borders."""
_READABLE = 4.5
"""Contrast ratio of text to ground that WCAG 2.2 asks for (success criterion 1.4.3)."""
_TALLEST = 0.8
"""Share of its room's height that a line may take."""
_ALIKE = 0.5
"""Fit from which a neighbour's typeface is known well enough to be taken over."""
_UNASKED = ("bottom", "top", "center")
"""Where words go when nothing says where, the first one if all are equally calm."""
_HEIGHTS = (0.5, 0.35, 0.65, 0.2, 0.8, 0.05, 0.95)
"""Heights tried within the room, 0 at its top, the first one if all are equally calm."""


def write_caption(
    image: Image.Image, text: str, lines: Sequence[Line], place: str | None, colour: str | None, allowed: Mask | None
) -> Caption:
    """`image` (RGB) with `text` written where `allowed`, else where it is calmest.

    `lines` are the texts already there: the nearest lends its style, none is written over where that can be helped.
    `place` names the side or corner `allowed` is at: the words are aligned to it. `colour` is a key of `palette.NAMED`
    or '#rrggbb'; None takes the neighbour's if it can be read, else black or white.
    """
    pixels = np.asarray(image, np.float32)
    regions = [allowed] if allowed is not None else [cell(image.size, place) for place in _UNASKED]
    rooms = [_inset(bounding_box(region), image.size) for region in regions]
    style, worn = _style(image, text, lines, rooms[0])
    spots = [spot for room in rooms for spot in _spots(text, style, room, _alignment(place))]
    settings, box = min(spots, key=lambda spot: _trouble(pixels, spot.box, lines))
    ink = _ink(window(pixels, box), colour, worn)
    sheet = Sheet(pixels)
    for setting in settings:
        sheet.print(setting, ink)
    return Caption(sheet.onto(image, allowed), settings[0].style, box)


def _alignment(place: str | None) -> Alignment:
    return next((side for side in (Alignment.LEFT, Alignment.RIGHT) if side in (place or "")), Alignment.CENTRE)


def _inset(region: Box, size: tuple[int, int]) -> Box:
    """The part of `region` off the picture's borders; all of it where that would leave nothing."""
    margin = round(_MARGIN * min(size))
    inner = Box(
        max(region.left, margin),
        max(region.top, margin),
        min(region.right, size[0] - margin),
        min(region.bottom, size[1] - margin),
    )
    return inner if inner.width > 0 and inner.height > 0 else region


def _style(image: Image.Image, text: str, lines: Sequence[Line], room: Box) -> tuple[LineStyle, Ink | None]:
    """The style and ink of the text nearest to `room`; a bold sans serif where there is none to take after."""
    middle = (room.top + room.bottom) / 2
    for line in sorted(lines, key=lambda each: abs((each.box.top + each.box.bottom) / 2 - middle))[:2]:
        glyphs = isolate(image, line.box, line.text)
        fit = fit_style(glyphs.matte, line.text, faces_for(line.text)) if glyphs else None
        if glyphs and fit and fit.score > _ALIKE:
            red, green, blue = np.median(glyphs.ink[glyphs.matte > 0.5], axis=0).astype(int).tolist()
            return style_for(fit.style, text), plain_ink((red, green, blue))
    bold = next(face for face in BUNDLED if face.bold)
    return style_for(LineStyle(bold, max(12.0, _SHARE * min(image.size))), text), None


def _spots(text: str, style: LineStyle, room: Box, align: Alignment) -> list[_Spot]:
    """`text` set at several heights in `room`."""
    _, top, _, bottom = ink_extent(style, text)
    if (too_tall := (bottom - top) / (_TALLEST * room.height)) > 1:
        style, top, bottom = style.scaled(1 / too_tall), top / too_tall, bottom / too_tall
    x = {Alignment.LEFT: room.left, Alignment.CENTRE: (room.left + room.right) // 2, Alignment.RIGHT: room.right}[align]
    spots = []
    for share in _HEIGHTS:
        baseline = room.top - top + share * max(0.0, room.height - (bottom - top))
        line = Box(x, round(baseline + top), x, round(baseline + bottom))
        settings = typeset(text, style, line, baseline, Room(*room), align)
        spots.append(_Spot(settings, around(map(_ink_box, settings))))
    return spots


def _ink_box(setting: Setting) -> Box:
    left, top, right, bottom = ink_extent(setting.style, setting.text)
    x, baseline = setting.x, setting.baseline
    return Box(max(0, int(x + left)), max(0, int(baseline + top)), int(x + right) + 1, int(baseline + bottom) + 1)


def _trouble(pixels: Pixels, box: Box, lines: Sequence[Line]) -> float:
    """How bad a place for lettering `box` is: over other lettering worst, then over a restless ground."""
    covered = sum(overlap(box, line.box) for line in lines)
    part = window(pixels, box)
    restless = float(part.std(axis=(0, 1)).mean()) if part.size else 255.0
    return covered / max(1, box.width * box.height) * 1000 + restless


def _ink(ground: Pixels, colour: str | None, worn: Ink | None) -> Ink:
    """The ink asked for, else the neighbour's if it can be read on `ground`, else black or white."""
    if colour is not None:
        return plain_ink(palette.to_rgb(colour))
    under = _rgb(ground.reshape(-1, 3).mean(axis=0))
    if worn and palette.contrast(_rgb(worn.slope[0]), under) >= _READABLE:
        return worn
    return plain_ink(palette.legible_on(under))


def _rgb(colour: Pixels) -> palette.RGB:
    red, green, blue = np.rint(colour).astype(int).tolist()
    return red, green, blue
