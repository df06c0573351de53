"""A candidate laid on its source, and where it differs by more than a model does unasked."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import remove_small_holes, remove_small_objects

from tasks.imaging.area import Mask, Pixels, lengths

Plane = NDArray[np.float32]
"""H x W."""

LOW_PASS = 1.5
"""Standard deviation in pixels of the blur before colours are compared: noise and small errors of framing go."""
STEP = 6
"""Every sixth pixel each way is enough to fit colours and to tell what is usual."""

WHITE = 235.0
"""Grey levels from which the brightest of a candidate is its white: everything brighter in the source became that."""
SURE, LIKELY = 7.0, 4.0
"""Times the usual difference at that texture from which a pixel has changed, and from which it has beside one."""
VISIBLE = 3.5
"""CIELAB steps from which a pixel has changed, however still the rest is; beside one, half of it."""
FLOOR = 0.15
"""CIELAB steps of difference that are usual even in the stillest picture: rounding and compression."""
LEVELS = 16
"""Steps of texture, equally many pixels in each, for which the usual difference is told."""
STILL_SHARE = 0.3
"""Share of the pixels of every level that a local change leaves alone: their difference is the usual one."""
SPECK, HOLE = 1e-4, 5e-4
"""Shares of the picture: smaller changes are noise, smaller gaps in a change belong to it."""
GAP, MARGIN = 2, 3
"""Pixels: gaps of twice that close, and a change reaches that far beyond what has visibly changed."""

FITS, LEAST = 10, 50
"""Times the tint is fitted, each to the pixels the last one fits best, and the pixels it takes."""
EVEN = 5.0
"""Standard deviation in grey levels of a channel of which half a gain is believed: even ones tell only a bias."""
DRIFT_GAIN, DRIFT_BIAS = 0.055, 12.0
"""Tints as models drift (about 0.04 and 9): the gain from 1, the change of mid grey in levels of 255."""


class Tint(NamedTuple):
    """What brings a candidate's colours to the source's: three gains, and three biases in grey levels."""

    gain: Pixels
    bias: Pixels

    def undo(self, colours: Pixels) -> Pixels:
        """The colours (... x 3) as the source would have them, 0..255."""
        wide = prod(colours.shape[1:])  # whole rows: numpy is slow over an axis of three
        gain, bias = (np.tile(each, wide // 3) for each in self)
        shown = np.clip(colours.reshape(-1, wide) * gain + bias, 0, 255)
        return shown.astype(np.float32, copy=False).reshape(colours.shape)

    @property
    def is_drift(self) -> bool:
        """True when a model may have done this unasked."""
        middle = self.gain * 128 + self.bias - 128
        return bool(np.abs(self.gain - 1).max() <= DRIFT_GAIN and np.abs(middle).max() <= DRIFT_BIAS)


NO_TINT = Tint(np.ones(3, np.float32), np.zeros(3, np.float32))


class Laid(NamedTuple):
    """Source and candidate laid on each other, low-passed; `covered` is true where both show the same place."""

    before: Pixels
    after: Pixels
    covered: Mask
    tint: Tint
    difference: Plane


def lay(before: Pixels, after: Pixels, covered: Mask, allowed: Mask | None) -> Laid:
    """Source and candidate, both moved to the same place, with the candidate's tint and their difference in CIELAB."""
    smooth, other = (blurred(picture, LOW_PASS) for picture in (before, after))
    fit = covered if allowed is None else covered & ~allowed
    tint = _tint(other[::STEP, ::STEP], smooth[::STEP, ::STEP], fit[::STEP, ::STEP])
    # what is too bright or too dark for the candidate to show in its tint is no difference
    white = other.max(axis=0).max(axis=0)
    ends = np.stack([np.zeros(3, np.float32), np.where(white > WHITE, white, np.float32(255))])
    darkest, brightest = tint.undo(ends)
    shown = np.clip(smooth, darkest, brightest), tint.undo(other)
    one, two = (cv2.cvtColor(colours / np.float32(255), cv2.COLOR_RGB2LAB) for colours in shown)
    return Laid(smooth, other, covered, tint, lengths(one - two))


def _tint(colours: Pixels, aims: Pixels, where: Mask) -> Tint:
    """The tint most pixels agree on: least squares trimmed to the better half, beginning with no tint at all."""
    x, y = (picture[where].astype(np.float64) for picture in (colours, aims))
    gain, bias = np.ones(3), np.zeros(3)
    for _ in range(FITS if len(x) >= LEAST else 0):
        off = np.abs(x * gain + bias - y).sum(axis=1)
        best = off <= np.median(off)
        here, there = x[best], y[best]
        spread = here.var(axis=0)
        shared = ((here - here.mean(axis=0)) * there).mean(axis=0)
        gain = (shared + EVEN**2) / (spread + EVEN**2)
        bias = there.mean(axis=0) - gain * here.mean(axis=0)
    return Tint(gain.astype(np.float32), bias.astype(np.float32))


def change_of(laid: Laid) -> Mask:
    """Where the candidate differs by more than is usual at that texture, without specks and small gaps."""
    significance = laid.difference / (_usual(laid) + FLOOR)
    sure = (significance > SURE) & (laid.difference > VISIBLE)
    likely = (significance > LIKELY) & (laid.difference > VISIBLE / 2)
    found = apply_hysteresis_threshold(likely.astype(np.uint8) + (sure & likely), 0.5, 1.5) & laid.covered
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, _round(GAP)).astype(bool)
    found = remove_small_objects(found, max_size=int(SPECK * found.size))
    return np.asarray(remove_small_holes(found, max_size=int(HOLE * found.size)), dtype=bool)


def _usual(laid: Laid) -> Plane:
    """The difference that is usual at each pixel's texture, in CIELAB steps: a low quantile, deaf to the change."""
    grey = cv2.cvtColor(laid.before, cv2.COLOR_RGB2GRAY)
    slopes = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    texture = blurred(np.hypot(*slopes), 2)
    seen = laid.covered[::STEP, ::STEP]
    textures, differences = (plane[::STEP, ::STEP][seen] for plane in (texture, laid.difference))
    if not textures.size:
        return np.zeros_like(texture)
    groups = np.array_split(np.argsort(textures), min(LEVELS, textures.size))
    levels = [np.median(textures[group]) for group in groups]
    usual = [np.quantile(differences[group], STILL_SHARE) for group in groups]
    return np.interp(texture, levels, usual).astype(np.float32)


def spread(mask: Mask, reach: int) -> Mask:
    """The mask and all within `reach` pixels of it."""
    return cv2.dilate(mask.astype(np.uint8), _round(reach)).astype(bool)


def _round(reach: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)), dtype=np.uint8)


def blurred(picture: Pixels, sigma: float) -> Pixels:
    """The picture after a Gaussian blur of that standard deviation in pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float32)
