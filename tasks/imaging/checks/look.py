"""Edits that may redraw every pixel: what is where stays, and it is not mush."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from tasks.domain.acceptance import weigh
from tasks.domain.models import Check, CheckName
from tasks.imaging.checks.intact import tiles
from tasks.imaging.evidence import Evidence, Plane

COARSE = 8
"""Tiles a side that are compared one by one."""
PLAIN = 0.35
"""Gradient of a tile, as a share of the picture's mean, under which it has nothing to compare."""
SMOOTH = 1e-4
"""What the neighbours in a source without texture do not share."""
ALIKE = 0.25
"""Correlation from which a tile shows the same thing."""


def check_composition(evidence: Evidence) -> Check:
    """Correlation of gradient maps as a whole, by tiles, and against the mirrored and turned source.

    Gradients are evened out over the picture, so that bright and dark parts have equal say. Score: least headroom.
    """
    before, after = (_gradient_map(grey) for grey in evidence.greys)
    if before.std() < 1e-3:
        return weigh(CheckName.COMPOSITION, {}, "the source is flat", {})
    alike = _correlation(before, after)
    turned = [np.fliplr(before), np.flipud(before), before[::-1, ::-1]]
    if before.shape[0] == before.shape[1]:
        turned += [np.rot90(before), np.rot90(before, 3)]
    measured = {
        "composition": alike,
        "tiles alike": _tiles_alike(before, after),
        "upright": alike - max(_correlation(other, after) for other in turned),
    }
    return weigh(CheckName.COMPOSITION, measured, f"gradient maps correlate {alike:.2f}", {})


def check_sharpness(evidence: Evidence) -> Check:
    """What neighbouring pixels do not have in common, as a share of the source's. Score: headroom.

    Looks keep more than half of it, or add to it; mush keeps less than a tenth.
    """
    before, after = (1 - coherence for coherence in evidence.coherences)
    kept = after / before if before > SMOOTH else 1.0
    return weigh(CheckName.SHARPNESS, {"texture kept": kept}, f"the picture keeps {kept:.0%} of its texture", {})


def _gradient_map(grey: Plane) -> Plane:
    """Where the edges are, coarsely (a quarter of the size), bright and dark parts of the picture given equal say."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 3)
    edges = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    if min(edges.shape) >= 16:
        edges = cv2.resize(edges, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(edges / (ndimage.gaussian_filter(edges, 8) + edges.mean() * 0.1 + 1e-3), np.float32)


def _correlation(before: Plane, after: Plane) -> float:
    if after.std() < 1e-3:
        return 0.0
    return float(np.corrcoef(before.ravel(), after.ravel())[0, 1])


def _tiles_alike(before: Plane, after: Plane) -> float:
    """Share of the tiles with something in them whose gradients correlate; 1 when no tile has anything."""
    one, other = tiles(before, COARSE), tiles(after, COARSE)
    telling = one.std(axis=(2, 3)) > PLAIN * before.std()
    if not telling.any():
        return 1.0
    one, other = (cut - cut.mean(axis=(2, 3), keepdims=True) for cut in (one, other))
    shared = (one * other).mean(axis=(2, 3)) / np.maximum(one.std(axis=(2, 3)) * other.std(axis=(2, 3)), 1e-6)
    return float((shared[telling] > ALIKE).mean())
