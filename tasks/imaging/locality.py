"""Is a change a local one? A change of everything shows in what lies outside what changed most."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from tasks.imaging.alignment import Motion
from tasks.imaging.area import Mask
from tasks.imaging.change import STEP, Laid, blurred

DRIFT_ZOOM, DRIFT_SHIFT, DRIFT_ROTATION = 0.05, 0.05, 2.0
"""Framing as models drift, with room: zoom from 1, shift in longer sides, degrees; more has been asked for."""
DETAIL, ALIKE = (0.65, 1.2), 0.93
"""Contrast of fine detail outside the change in parts of the source's, and its correlation: models give 0.8 to 1.01
and 0.98; blurred, painted, sharpened pictures do not."""
DETAIL_SIZE, DETAIL_LEVEL = 3.0, 2.0
"""Standard deviation in pixels of the blur that removes detail, and the grey levels by which detail stands out."""
EXPLAINED = 0.85
"""What a common change of colours leaves of the difference outside the change: models 0.95 to 1, looks 0.1 to 0.8."""
NOISE, WORST_NOISE = 1.3, 3.0
"""CIELAB difference outside the change, median and ninth decile: models 0.5 to 1, and 0.9 to 2."""
MOST = 0.6
"""Largest share of the picture a local change has."""
RECOGNISABLE = 0.7
"""Correlation of brightness outside a given mask from which a candidate that cannot be registered is the same picture:
of very blurred ones 0.95, of others 0 to 0.6."""
GRID, PLACES, RIVAL = 24, 4, 0.1
"""Cells a side of a grid over the picture, the separate groups of them that a local change touches at most, and the
share of the largest from which a group counts."""


def why_not_local(laid: Laid, motion: Motion, change: Mask, outside: Mask) -> str:
    """What shows that the edit is not a local one; nothing when it is."""
    if change.mean() > MOST or not outside.any():
        return "most of the picture changed"
    contrast, alike = _detail(laid, outside)
    signs = {
        "the framing changed": abs(motion.zoom - 1) > DRIFT_ZOOM
        or motion.shift > DRIFT_SHIFT * max(change.shape)
        or abs(motion.rotation) > DRIFT_ROTATION,
        "the colours changed everywhere": not laid.tint.is_drift or _unexplained(laid, outside) < EXPLAINED,
        "fine detail changed everywhere": not DETAIL[0] <= contrast <= DETAIL[1] or alike < ALIKE,
        "the picture changed everywhere": _noise(laid, outside) > NOISE
        or _noise(laid, outside, 0.9) > WORST_NOISE
        or _places(change) > PLACES,
        "no local change found": not change.any(),
    }
    return next((reason for reason, shows in signs.items() if shows), "")


def why_incomparable(laid: Laid, motion: Motion, outside: Mask) -> str:
    """What shows that the candidate is another picture altogether; nothing when it is not."""
    if motion.support or _noise(laid, outside) < NOISE:
        return ""
    one, two = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[outside] for picture in (laid.before, laid.after))
    likeness = np.cov(one, two)
    other = likeness[0, 1] < RECOGNISABLE * np.sqrt(likeness[0, 0] * likeness[1, 1])
    return "the edit shows another picture" if other else ""


def _noise(laid: Laid, outside: Mask, share: float = 0.5) -> float:
    """The difference that this share of the pixels outside the change does not exceed, in CIELAB steps."""
    return float(np.quantile(laid.difference[outside][::STEP], share)) if outside.any() else 0.0


def _detail(laid: Laid, outside: Mask) -> tuple[float, float]:
    """Contrast of the candidate's fine detail in parts of the source's, and their correlation; 1 and 1 without any."""
    greys = (np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), np.float32) for each in (laid.before, laid.after))
    one, two = (grey - blurred(grey, DETAIL_SIZE) for grey in greys)
    rich = outside & (np.abs(one) > DETAIL_LEVEL)
    if rich.mean() < 0.002:
        return 1.0, 1.0
    x, y = one[rich], two[rich]
    return float(np.median(y / x)), float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum() + 1e-9))


def _unexplained(laid: Laid, outside: Mask) -> float:
    """What a change of colours common to all pixels leaves of the difference outside the change, 0..1 or little above.

    The change is any quadratic function of red, green and blue: saturation, sepia, curves. One grey level a channel is
    added on both sides, so that exact candidates compare as well.
    """
    where = outside[::STEP, ::STEP]
    colours = [picture[::STEP, ::STEP][where] for picture in (laid.before, laid.after)]
    x, y = (each.astype(np.float64) / 255 for each in colours)
    red, green, blue = x.T
    terms = np.column_stack([np.ones(len(x)), x, x * x, red * green, green * blue, blue * red])
    off = np.abs(laid.tint.undo(colours[1]) / 255 - x).sum(axis=1)
    left = off
    for _ in range(4):
        best = left <= np.quantile(left, 0.8)
        known = terms[best].T
        left = np.abs(terms @ np.linalg.lstsq(known @ known.T, known @ y[best])[0] - y).sum(axis=1)
    return float((np.median(left) + 3 / 255) / (np.median(off) + 3 / 255))


def _places(change: Mask) -> int:
    """Separate places of a change, by groups of touching cells of a grid; much smaller ones do not count."""
    cells = cv2.resize(change.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    groups, count = ndimage.label(cells > 0, np.ones((3, 3)))
    sizes = ndimage.sum_labels(cells, groups, np.arange(1, count + 1))
    return int((sizes > RIVAL * sizes.max(initial=0)).sum())
