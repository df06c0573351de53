"""Is the ground behind new lettering clean: no ghosts or remains of old letters, no smear."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.morphology import disk

from tasks.domain.acceptance import weigh
from tasks.domain.models import Check, CheckName
from tasks.imaging.area import Mask, Pixels, window
from tasks.imaging.evidence import Evidence
from tasks.imaging.letterpair import LetterPair

TRACE = 0.08
"""Share of ink from which a pixel is touched by a letter."""
OLD_INK = 0.6
"""Share of ink from which a pixel was covered by an old letter."""
REACH = 2
"""Pixels around a letter that its soft edge may colour."""
ENOUGH = 12
"""Pixels without which nothing is said."""
ENOUGH_INSIDE = 400
"""Pixels of ground in the region from which the region is judged by itself."""
STRAY = 10.0
"""CIE76 difference from which ground between the letters is taken to be changed."""
REMAINS = 0.45
"""Share of the way back to the old ink from which a pixel still shows it."""


def check_ground(evidence: Evidence) -> Check:
    """What shows between the new letters where the old ones were, and around. Score: least headroom."""
    pair = evidence.lettering
    if pair is None or pair.old is None:
        return weigh(CheckName.GROUND, {}, "no old lettering to look for", {})
    touched = _dilated(np.maximum(pair.old_matte, pair.new_matte) > TRACE, REACH)
    within = _where_it_belongs(evidence, pair)
    uncovered = (pair.old_matte > OLD_INK) & (pair.new_matte < TRACE) & within
    free = ~touched & ~_others(evidence, pair) & within
    measured: dict[str, float] = {}
    if free.sum() > ENOUGH:
        measured["ground kept"] = _kept(pair, free)
    if free.sum() > ENOUGH and uncovered.sum() > ENOUGH:
        ground = _carried_over(pair.after, free, 0.25 * pair.frame.height)
        shown = _old_ink_shown(pair, ground)
        usual = float(np.median(np.abs(shown[free])))  # a photograph varies; a median over it far less
        measured["ghost"] = float(np.median(shown[uncovered])) - usual / 3
        apart = uncovered & ~_dilated(pair.new_matte > TRACE, REACH)
        standing = float((shown[apart] > REMAINS).mean()) if apart.sum() > ENOUGH else 0.0
        measured["remains"] = standing - float((shown[free] > REMAINS).mean())
    detail = ", ".join(f"{name} {value:.2f}" for name, value in measured.items()) or "too little ground to judge"
    return weigh(CheckName.GROUND, measured, detail, dict.fromkeys(measured, pair.frame))


def _dilated(mask: Mask, reach: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disk(reach)), bool)


def _others(evidence: Evidence, pair: LetterPair) -> Mask:
    """Where other lines of text stand in the frame: they are not ground."""
    mask = np.zeros(pair.old_matte.shape, bool)
    meant = {line.box for line in (*evidence.old_lines, *evidence.new_lines)}
    for line in evidence.source_lines:
        if line.box not in meant:
            left, top = line.box.left - pair.frame.left - 4, line.box.top - pair.frame.top - 4
            right, bottom = line.box.right - pair.frame.left + 4, line.box.bottom - pair.frame.top + 4
            mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    return mask


def _where_it_belongs(evidence: Evidence, pair: LetterPair) -> Mask:
    """The part of the frame that may change, all of it where that is not known or hardly any.

    A highlight under some words of a line ends with them, and so does their ground.
    """
    everywhere = np.ones(pair.old_matte.shape, bool)
    if evidence.allowed is None:
        return everywhere
    inside = np.asarray(window(evidence.allowed, pair.frame), bool)
    return inside if (inside & (pair.old_matte < TRACE)).sum() > ENOUGH_INSIDE else everywhere


def _kept(pair: LetterPair, free: Mask) -> float:
    """Share of `free` that is visibly as it was."""
    before, after = (
        cv2.GaussianBlur(cv2.cvtColor(pixels / np.float32(255), cv2.COLOR_RGB2Lab), (0, 0), 1.5)
        for pixels in (pair.before, pair.after)
    )
    return float((np.linalg.norm(after - before, axis=-1)[free] < STRAY).mean())


def _carried_over(pixels: Pixels, known: Mask, sigma: float) -> Pixels:
    """The colours of `known` pixels, smoothed and carried over all others."""
    weight = known.astype(np.float32)
    shares = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None] + 1e-4
    spread = (cv2.GaussianBlur(pixels * weight[..., None], (0, 0), sigma) + 1e-4 * pixels[known].mean(axis=0)) / shares
    return np.asarray(spread, np.float32)


def _old_ink_shown(pair: LetterPair, ground: Pixels) -> Pixels:
    """For each pixel, how far the candidate lies on the way from its ground to the old ink, about 0..1."""
    ink = np.zeros_like(ground)
    box = pair.old.box if pair.old is not None else pair.frame
    ink[box.top : box.bottom, box.left : box.right] = pair.old.ink if pair.old is not None else 0
    way = ink - ground
    shown = ((pair.after - ground) * way).sum(axis=-1) / np.maximum((way**2).sum(axis=-1), 400.0)
    return np.asarray(np.clip(shown, -1, 1.5), np.float32)
