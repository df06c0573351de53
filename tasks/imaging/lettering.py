"""Lines of lettering drawn in a style.

A line is a matte: float32, 0 where there is ground, 1 where there is ink. Colour is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tasks.imaging.typeface import Face, sized

Matte = NDArray[np.float32]

_STEPS = 4
"""Letters are set on quarters of a pixel."""
_MEASURED = 200
"""Size at which a letter's ink is measured, to half a percent of the em."""
_SMALL = 48
"""Size below which letters are drawn four times as large as needed, above it twice."""


@dataclass(frozen=True)
class LineStyle:
    """How a line is set. Lengths in pixels; `slant` is the shear, pixels to the right per pixel upwards."""

    face: Face
    size: float
    tracking: float = 0.0
    slant: float = 0.0
    softness: float = 0.0

    def scaled(self, factor: float) -> LineStyle:
        """The style with its size and spacing `factor` times as large; the softness of edges stays the picture's."""
        return replace(self, size=self.size * factor, tracking=self.tracking * factor)


class Extent(NamedTuple):
    """A rectangle of ink in fractions of pixels."""

    left: float
    top: float
    right: float
    bottom: float


class Glyph(NamedTuple):
    """One letter's matte and the whole pixels its corner lies at."""

    matte: Matte
    left: int
    top: int


def ink_extent(style: LineStyle, text: str) -> Extent:
    """The ink of `text` around a pen that starts at (0, 0) on the baseline; y grows downwards. Zero without ink."""
    inks = [
        (place, _metrics(style.face, character).ink)
        for place, character in zip(pens(style, text), text, strict=True)
        if not character.isspace()
    ]
    if not inks:
        return Extent(0.0, 0.0, 0.0, 0.0)
    top, bottom = (pick(ink[side] for _, ink in inks) * style.size for pick, side in ((min, 1), (max, 3)))
    left = min(place + ink.left * style.size for place, ink in inks) - style.slant * max(0.0, bottom)
    right = max(place + ink.right * style.size for place, ink in inks) - style.slant * min(0.0, top)
    return Extent(left, top, right, bottom)


def advance(style: LineStyle, text: str) -> float:
    """How far the pen moves while setting `text`."""
    return sum(_widths(style, text))


def pens(style: LineStyle, text: str) -> list[float]:
    """How far from the line's start the pen of each character stands."""
    return list(accumulate(_widths(style, text), initial=0.0))[:-1]


def _widths(style: LineStyle, text: str) -> list[float]:
    """How far the pen moves for each character, kerning with the next one included."""
    kerns = [*(_kerning(style.face, one, other) for one, other in pairwise(text)), 0.0]
    return [
        (_metrics(style.face, character).advance + kern) * style.size + style.tracking
        for character, kern in zip(text, kerns, strict=False)
    ]


@lru_cache(maxsize=20_000)
def _kerning(face: Face, one: str, other: str) -> float:
    """How much nearer (below zero) than their advances the face sets two characters, in ems.

    Only Raqm, which Pillow's wheels bring along, reads the kerning of modern fonts; without it there is less of it.
    """
    font = sized(face, 1000).font_variant(layout_engine=ImageFont.Layout.RAQM)
    return (font.getlength(one + other) - font.getlength(one) - font.getlength(other)) / 1000


class _Metrics(NamedTuple):
    advance: float
    ink: Extent


@lru_cache(maxsize=20_000)
def _metrics(face: Face, character: str) -> _Metrics:
    """A character's advance and ink in ems, free of the rounding that hinting does at small sizes."""
    advance_width = sized(face, 1000).getlength(character) / 1000
    mask, (left, top) = sized(face, _MEASURED).getmask2(character, mode="L", anchor="ls")
    box = mask.getbbox() or (0, 0, 0, 0)
    ink = Extent(left + box[0], top + box[1], left + box[2], top + box[3])
    return _Metrics(advance_width, Extent(*(edge / _MEASURED for edge in ink)))


def draw_line(shape: tuple[int, int], style: LineStyle, text: str, x: float, baseline: float) -> Matte:
    """The matte (height x width = `shape`) of `text` with the pen starting at (`x`, `baseline`)."""
    matte = np.zeros(shape, np.float32)
    for place, character in zip(pens(style, text), text, strict=True):
        glyph = draw_letter(style, character, x + place, baseline)
        lay(matte, glyph)
    return matte


def draw_letter(style: LineStyle, character: str, x: float, baseline: float) -> Glyph:
    """One letter with the pen at (`x`, `baseline`), set to a quarter of a pixel."""
    across, down = round(x * _STEPS), round(baseline * _STEPS)
    glyph = _letter(replace(style, tracking=0.0), character, across % _STEPS, down % _STEPS)
    return Glyph(glyph.matte, glyph.left + across // _STEPS, glyph.top + down // _STEPS)


@lru_cache(maxsize=4096)
def _letter(style: LineStyle, character: str, across: int, down: int) -> Glyph:
    """One letter with the pen so many quarters of a pixel right of and below the origin.

    Drawn larger and averaged down, because fonts with hints round small sizes to whole pixels.
    """
    extent, finer = ink_extent(style, character), 4 if style.size < _SMALL else 2
    margin = 2 + ceil(3 * style.softness)
    left, top = floor(extent.left) - margin, floor(extent.top) - margin
    width, height = ceil(extent.right) + margin + 1 - left, ceil(extent.bottom) + margin + 1 - top
    canvas = Image.new("L", (width * finer, height * finer), 0)
    pen = ((across / _STEPS - left) * finer, (down / _STEPS - top) * finer)
    ImageDraw.Draw(canvas).text(pen, character, font=sized(style.face, style.size * finer), fill=255, anchor="ls")
    if style.slant:
        shear = (1, style.slant, -style.slant * pen[1], 0, 1, 0)
        canvas = canvas.transform(canvas.size, Image.Transform.AFFINE, shear, Image.Resampling.BICUBIC)
    matte = np.asarray(canvas.reduce(finer), np.float32) / np.float32(255)
    if style.softness:
        matte = np.asarray(ndimage.gaussian_filter(matte, style.softness), np.float32)
    return Glyph(matte, left, top)


def lay(matte: Matte, glyph: Glyph, shift: int = 0) -> None:
    """Add a letter to `matte`, `shift` pixels further right; what runs off is lost."""
    height, width = matte.shape
    left, top = glyph.left + shift, glyph.top
    rows = slice(min(max(0, top), height), min(max(0, top + glyph.matte.shape[0]), height))
    columns = slice(min(max(0, left), width), min(max(0, left + glyph.matte.shape[1]), width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = glyph.matte[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    under = matte[rows, columns]
    np.maximum(under, part, out=under)
