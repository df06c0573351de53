"""Is it a picture at all: not blank, black, noise, or overlaid with a lattice."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.domain.acceptance import weigh
from tasks.domain.models import Check, CheckName
from tasks.imaging.area import Mask
from tasks.imaging.evidence import Evidence, Plane

GRID = 16
"""Tiles a side the picture is cut into."""
LIVELY, DEAD = 6.0, 0.7
"""Standard deviations in grey levels: what a tile has at least that has texture, and at most that has lost it."""
NOISY = 0.45
"""Correlation of neighbours under which a tile is noise."""
APART, LOUD = 0.3, 15.0
"""... and how far it is from most tiles of the picture, and its least standard deviation in grey levels."""
DARK, PITCH = 40.0, 5.0
"""Mean luma of a tile that is not dark, and of one gone black."""
FLAT = 4.0
"""Standard deviation in grey levels under which a source has no contrast to lose."""
PATCH = 512
"""Pixels a side, in full size, in which a lattice is sought; its periods are 2 to 32 pixels."""
LEAST = 64
"""Pixels a side under which a picture is too small to show one."""
PEAKS = 12
"""Strongest frequencies taken for a lattice."""


def check_intact(evidence: Evidence) -> Check:
    """Contrast and coherence of what was to stay, tiles gone dead, a lattice laid over. Score: least headroom."""
    before, after = evidence.greys
    kept = evidence.stays
    range_before, range_after = float(before[kept].std()), float(after[kept].std())
    coherence_before, coherence_after = evidence.coherences
    measured = {
        "contrast kept": range_after / range_before if range_before > FLAT else 1.0,
        "coherence": coherence_after + max(0.0, 0.8 - coherence_before),  # a noisy source may stay noisy
        "dead tiles": _dead(before, after, kept, local=CheckName.PRESERVED in evidence.contract.checks),
        "lattice": _lattice(evidence),
    }
    detail = f"contrast {range_after:.0f} (source {range_before:.0f}), neighbours correlate {coherence_after:.2f}"
    return weigh(CheckName.INTACT, measured, detail, {})


def tiles(plane: NDArray[np.float32], count: int = GRID) -> NDArray[np.float32]:
    """`plane` cut into count x count tiles (fewer in tiny pictures), as rows x columns x height x width."""
    rows, columns = min(count, plane.shape[0]), min(count, plane.shape[1])
    height, width = plane.shape[0] // rows, plane.shape[1] // columns
    cut = plane[: rows * height, : columns * width]
    return cut.reshape(rows, height, columns, width).swapaxes(1, 2)


def _dead(before: Plane, after: Plane, kept: Mask, *, local: bool) -> float:
    """Share of tiles turned to noise or to black; where the edit is local, also of those whose texture is gone."""
    one, other = tiles(before), tiles(after)
    if min(one.shape[2:]) < 4:
        return 0.0
    inside = tiles(kept.astype(np.float32)).mean(axis=(2, 3)) > 0.9
    lively = one.std(axis=(2, 3)) > LIVELY
    gone = lively & (other.std(axis=(2, 3)) < DEAD)
    pitch = (one.mean(axis=(2, 3)) > DARK) & (other.mean(axis=(2, 3)) < PITCH) & (other.std(axis=(2, 3)) < DEAD)
    noise = min(NOISY, float(np.median(_coherences(other))) - APART)  # a grainy look is grainy all over
    noisy = (_coherences(other) < noise) & (_coherences(one) > 1.5 * NOISY) & (other.std(axis=(2, 3)) > LOUD)
    return float((noisy | (inside & (pitch | (gone if local else False)))).mean())


def _coherences(cut: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = cut - cut.mean(axis=(2, 3), keepdims=True)
    shared = (centred[..., :-1] * centred[..., 1:]).mean(axis=(2, 3))
    return np.asarray(shared / np.maximum((centred**2).mean(axis=(2, 3)), 1e-3), np.float32)


def _lattice(evidence: Evidence) -> float:
    """Amplitude in grey levels of the few strongest frequencies that the candidate has and the source has not.

    Only in what was to stay: a pattern that was asked for is none.
    """
    width, height = evidence.source.size
    size = min(PATCH, width), min(PATCH, height)
    if min(size) < LEAST:
        return 0.0
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    box = (left, top, left + size[0], top + size[1])
    before, after = (
        np.asarray(picture.crop(box).convert("L"), np.float32) for picture in (evidence.source, evidence.candidate)
    )
    stays = cv2.resize(evidence.stays.astype(np.uint8), evidence.source.size, interpolation=cv2.INTER_NEAREST)
    after = np.where(stays[box[1] : box[3], box[0] : box[2]], after, before)
    had, has = (_spectrum(grey) for grey in (before, after))
    gained = np.maximum(has - 1.5 * cv2.dilate(had, np.ones((5, 5))), 0)
    strongest = np.sort(gained.ravel())[-PEAKS:]
    peak, whole = float(np.linalg.norm(strongest)), float(np.linalg.norm(gained))
    rest = np.sqrt(max(0.0, whole**2 - peak**2))
    return 2 * peak * peak / (peak + rest + 1e-6)  # what is spread over the spectrum is texture, not a lattice


def _spectrum(grey: Plane) -> Plane:
    """Amplitudes of the frequencies of 2 to 32 pixels."""
    taper = cv2.createHanningWindow(grey.shape[::-1], cv2.CV_32F)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 8)
    spectrum = np.abs(np.fft.rfft2(fine * taper)) / taper.sum()
    spectrum[:16, :16] = spectrum[-16:, :16] = 0
    return np.asarray(spectrum, np.float32)
