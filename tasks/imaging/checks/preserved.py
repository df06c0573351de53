"""Is everything outside the change as it was: structure, colours, exposure, fine detail."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity
from skimage.morphology import disk

from tasks.domain.acceptance import weigh
from tasks.domain.models import Box, Check, CheckName
from tasks.imaging.area import Mask, bounding_box
from tasks.imaging.checks.intact import GRID
from tasks.imaging.evidence import Evidence, Plane

STRAY = 8.0
"""CIE76 difference from which a pixel outside is taken to be changed."""
DETAIL = 2.0
"""Grey levels of fine detail under which there is none to lose."""
RIM = 12
"""Pixels of the compared size around a change of unknown place that may change with it: shadow, glow, soft edge."""


def check_preserved(evidence: Evidence) -> Check:
    """What lies outside the intended region, against the source. Score: least headroom.

    When the region is not known the change itself is taken for it, and must be local: tiles touched are counted.
    """
    region, spread = evidence.region, dict[str, float]()
    if region is None:
        region = np.asarray(cv2.dilate(evidence.changed.astype(np.uint8), disk(RIM)), bool)
        spread["spread"] = _spread(evidence.changed)
    outside = ~region & evidence.seen
    if outside.mean() < 0.01:
        return weigh(CheckName.PRESERVED, spread, "nothing outside", {})
    before, after = evidence.labs
    stray = outside & (evidence.difference > STRAY)
    patch, place = _largest_patch(stray)
    half = outside[::2, ::2]
    measured = {
        "likeness kept": _likeness(*(grey[outside] for grey in evidence.greys)),
        "median difference": float(np.median(evidence.perceived[half])) if half.any() else 0.0,
        "cast": float(np.hypot(*np.median((after - before)[outside], axis=0)[1:])),
        "detail kept": _detail_kept(evidence, outside),
        "structure kept": _similarity(*evidence.greys, outside),
        "share changed": float(stray.sum() / outside.sum()),
        "largest patch": patch,
    } | spread
    detail = (
        f"outside: SSIM {measured['structure kept']:.3f}, {measured['share changed']:.2%} visibly different, "
        f"cast {measured['cast']:.1f}, median difference {measured['median difference']:.1f}"
    )
    where = evidence.at_full_size(place) if place else None
    return weigh(
        CheckName.PRESERVED, measured, detail, {"largest patch": where, "share changed": where, "structure kept": where}
    )


def _spread(changed: Mask) -> float:
    """Share of the tiles that a change touches."""
    rows, columns = (np.linspace(0, GRID, length, endpoint=False).astype(int) for length in changed.shape)
    tile = rows[:, None] * GRID + columns[None, :]
    counts = np.bincount(tile.ravel(), changed.ravel(), minlength=GRID * GRID)
    return float((counts[np.unique(tile)] > 0).mean())


def _largest_patch(stray: Mask) -> tuple[float, Box | None]:
    """Size of the largest solid patch, in per mille of the picture, and its bounding box."""
    solid = cv2.morphologyEx(stray.astype(np.uint8), cv2.MORPH_OPEN, disk(1))
    parts, count = ndimage.label(cv2.dilate(solid, disk(2)))
    if not count:
        return 0.0, None
    sizes = np.bincount(parts.ravel(), solid.ravel())[1:]
    largest = int(sizes.argmax())
    return 1000 * float(sizes[largest]) / stray.size, bounding_box(parts == largest + 1)


def _similarity(before: Plane, after: Plane, where: Mask) -> float:
    """SSIM over `where`, weighted by the texture of the source; 1 where there is no texture at all.

    Both are blurred by a pixel first: small lettering that came back a little softer is still the same lettering.
    """
    before, after = (np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32) for grey in (before, after))
    if min(before.shape) < 7:
        return 1.0 if np.abs(before - after).max() < 8 else 0.0
    _, full = structural_similarity(before, after, data_range=255, full=True)
    mean, mean_square = (cv2.GaussianBlur(plane, (0, 0), 3) for plane in (before, before**2))
    weight = np.sqrt(np.maximum(mean_square - mean**2, 0)) * where
    return float((full * weight).sum() / weight.sum()) if weight.sum() > 1 else 1.0


def _likeness(before: Plane, after: Plane) -> float:
    """Correlation of luma, -1..1; 1 when there is no contrast in the source to compare by."""
    if before.std() < 4:
        return 1.0
    return float(np.corrcoef(before, after)[0, 1]) if after.std() > 1e-3 else 0.0


def _detail_kept(evidence: Evidence, where: Mask) -> float:
    """99th percentile of what a blur of 1.5 pixels takes away, as a share of the source's; 1 where it has none."""
    had, has = (
        float(np.percentile(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))[where], 99)) for grey in evidence.greys
    )
    return has / had if had > DETAIL else 1.0
