"""Lettering lifted off a picture and printed back on: what lies beneath, and a sheet to print changes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tasks.domain.models import Box
from tasks.imaging.area import Mask, Pixels, bounding_box, grown, window
from tasks.imaging.fitting import Fit, redrawn
from tasks.imaging.glyphs import Glyphs, share_of_ink
from tasks.imaging.heal import heal
from tasks.imaging.ink import Ink
from tasks.imaging.lettering import Matte, draw_line, ink_extent
from tasks.imaging.typesetting import Setting

_TRUSTED = 0.45
"""Fit from which the words redrawn say better than the colours where lettering may be."""
_TRACE = 0.08
"""Share of ink from which a pixel counts as touched."""
_MOSTLY = 92
"""Percentile of a plain surface that is plain; the rest are strays."""
_GRAIN = 3.0
"""The same deviation below which a surface is smooth to the eye."""
_QUIET = 8.0
"""Deviation from a run of colours (0..441) below which a surface is plain, and whatever deviates was printed on it."""


@dataclass(frozen=True)
class Lifted:
    """A line taken apart.

    `pixels` is the picture, `bare` the picture without the line; `glyphs` is the lettering, `stain` every pixel of
    `glyphs.box` it touched, `matte` the share of ink measured against `bare`.
    """

    pixels: Pixels
    bare: Pixels
    glyphs: Glyphs
    stain: Mask
    matte: Matte

    @property
    def ink_box(self) -> Box:
        """The rectangle of what is more ink than ground, in pixels of the picture."""
        box, inner = self.glyphs.box, bounding_box(self.matte > 0.5)
        if not inner.width:
            return box
        return Box(inner.left + box.left, inner.top + box.top, inner.right + box.left, inner.bottom + box.top)


def lift(image: Image.Image, glyphs: Glyphs, text: str, fit: Fit, others: Sequence[Box]) -> Lifted:
    """`image` (RGB) with `glyphs` taken off it: `text` set like `fit`. Boxes of `others` lend no texture."""
    pixels = np.asarray(image, np.float32)
    surface = _surface(window(pixels, glyphs.box), glyphs.matte > _TRACE)
    stain = _stain(glyphs, text, fit, surface)
    reach = max(24, round(0.7 * glyphs.box.height))
    surroundings = grown(glyphs.box, reach, image.size)
    hole, usable = np.zeros(pixels.shape[:2], bool), np.ones(pixels.shape[:2], bool)
    window(hole, glyphs.box)[...] = stain
    if surface:  # its grain, if it has any, comes from this surface alone
        usable[...] = False
        window(usable, glyphs.box)[...] = (surface.deviation < 2 * surface.noise + 4) & (surface.noise > _GRAIN)
    for other in others:
        window(usable, grown(other, 3, image.size))[...] = False
    bare = pixels.copy()
    window(bare, surroundings)[...] = heal(*(window(values, surroundings) for values in (pixels, hole, usable)))
    matte = share_of_ink(window(pixels, glyphs.box), glyphs.ink, window(bare, glyphs.box)) * stain
    return Lifted(pixels, bare, glyphs, stain, matte)


class _Surface(NamedTuple):
    """A plain surface: how far each pixel is from its colours, and how far most of its own pixels are (0..441)."""

    deviation: NDArray[np.float32]
    noise: float


def _surface(pixels: Pixels, covered: Mask) -> _Surface | None:
    """The surface around what is `covered` if it is plain (a banner, a flat poster), else None.

    Plain is what one colour, or a linear run of colours, explains but for a few strays.
    """
    ring = _dilated(covered, max(5, round(0.06 * len(covered)))) & ~_dilated(covered, 2)
    if not ring.any():
        return None
    rows, columns = np.indices(ring.shape, np.float32)
    design = np.stack([np.ones_like(rows), rows, columns], axis=-1)
    deviation = np.linalg.norm(pixels - np.median(pixels[ring], axis=0), axis=-1)
    for _ in range(3):  # each time without what fits worst
        fitted = ring & (deviation <= np.percentile(deviation[ring], _MOSTLY))
        plane = np.linalg.lstsq(design[fitted], pixels[fitted], rcond=None)[0]
        deviation = np.linalg.norm(pixels - design @ plane, axis=-1)
    noise = float(np.percentile(deviation[ring], _MOSTLY))
    return _Surface(deviation, noise) if noise < _QUIET else None


def _stain(glyphs: Glyphs, text: str, fit: Fit, surface: _Surface | None) -> Mask:
    """Every pixel the lettering touched: its ink and soft edge, and what else was printed on a plain surface."""
    touched = glyphs.matte > _TRACE
    if fit.score > _TRUSTED:
        printed = redrawn(glyphs.matte, text, fit) > 0.1
        touched = (touched & _dilated(printed, max(2, round(0.04 * fit.style.size)))) | printed
    if surface:
        near = _dilated(touched, max(4, round(0.2 * fit.style.size)))
        printed_on = near & (surface.deviation > surface.noise + 4)
        touched = ndimage.binary_propagation(touched, mask=touched | printed_on)
    return _dilated(touched, 2)


def _dilated(mask: Mask, steps: int) -> Mask:
    return ndimage.binary_dilation(mask, iterations=steps)


class Sheet:
    """The picture a line was lifted off, to be printed on; remembers which pixels it changed."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels.copy()
        self._changed: Mask = np.zeros(pixels.shape[:2], bool)

    def wipe(self, lifted: Lifted, first: int, last: int) -> None:
        """Show the bare ground under the lettering in columns `first` to `last` (excluded) of its box."""
        stain = np.zeros_like(lifted.stain)
        stain[:, first:last] = lifted.stain[:, first:last]
        box = lifted.glyphs.box
        window(self._pixels, box)[stain] = window(lifted.bare, box)[stain]
        window(self._changed, box)[...] |= stain

    def move(self, lifted: Lifted, first: int, last: int, shift: int) -> None:
        """Print the lettering of columns `first` to `last` (excluded) as it was, `shift` pixels further right."""
        box = lifted.glyphs.box
        height, width = self._changed.shape
        left, right = max(0, box.left + first + shift), min(width, box.left + last + shift)
        source = slice(left - shift - box.left, right - shift - box.left)
        target = Box(left, box.top, right, min(height, box.bottom))
        share = lifted.matte[:, source, None]
        under = window(self._pixels, target)
        under[...] = under * (1 - share) + lifted.glyphs.ink[:, source] * share
        window(self._changed, target)[...] |= share[..., 0] > 0

    def print(self, setting: Setting, ink: Ink) -> None:
        """Print one line of new lettering; what runs off the picture is lost."""
        height, width = self._changed.shape
        left, top, right, bottom = ink_extent(setting.style, setting.text)
        x, baseline, margin = int(setting.x), int(setting.baseline), 3 + ceil(3 * setting.style.softness)
        ink_box = Box(x + int(left), baseline + int(top), x + ceil(right), baseline + ceil(bottom))
        box = grown(ink_box, margin, (width, height))
        shape = (box.height, box.width)
        matte = draw_line(shape, setting.style, setting.text, setting.x - box.left, setting.baseline - box.top)
        under = window(self._pixels, box)
        under[...] = ink.over(under, matte, box.left, box.top)
        window(self._changed, box)[...] |= matte > 0

    def onto(self, image: Image.Image, allowed: Mask | None) -> Image.Image:
        """`image` with the changed pixels replaced by the sheet's, where `allowed`."""
        changed = self._changed if allowed is None else self._changed & allowed
        result = np.array(image)
        result[changed] = np.clip(np.rint(self._pixels[changed]), 0, 255).astype(np.uint8)
        return Image.fromarray(result)
