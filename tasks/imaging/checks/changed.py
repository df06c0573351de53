"""Did what was asked for happen: something visible, in the right place, towards the right colour."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage
from skimage.color import rgb2lab

from tasks.domain.acceptance import weigh
from tasks.domain.models import Box, Check, CheckName
from tasks.imaging.area import Mask, bounding_box
from tasks.imaging.evidence import VISIBLE, Evidence
from tasks.imaging.palette import to_rgb

NEAR = 0.05
"""Share of the longer side within which patches belong together."""
GREYISH = 14.0
"""CIELAB chroma under which a colour has no hue to compare."""


def check_changed(evidence: Evidence) -> Check:
    """A visible change: over the picture for a look, else in solid patches where it belongs. Score: least headroom."""
    if CheckName.COMPOSITION in evidence.contract.checks:
        mean = float(evidence.difference.mean())
        return weigh(CheckName.CHANGED, {"look difference": mean}, f"mean colour difference {mean:.2f}", {})
    if evidence.new_lines:
        return weigh(CheckName.CHANGED, {}, "the new words are there", {})
    changed, region = evidence.changed, evidence.region
    measured: dict[str, float] = {}
    place: Box | None = None
    if region is not None:
        if changed.any():
            measured["change in place"] = float((changed & region).sum() / changed.sum())
        measured["changed inside"] = float((evidence.difference[region] > VISIBLE).mean()) if region.any() else 0.0
        place = evidence.at_full_size(bounding_box(region))
    measured["changed anywhere"] = float(changed.mean())
    changed_here = changed & region if region is not None else changed
    if evidence.contract.single and not evidence.exact and changed_here.any():
        measured |= {"scattered": _scattered(changed_here)}
    if evidence.contract.colours and changed_here.any():
        measured |= {"towards colour": _towards(evidence, changed_here, evidence.contract.colours)}
    detail = ", ".join(f"{name} {value:.2%}" for name, value in measured.items())
    return weigh(CheckName.CHANGED, measured, detail, dict.fromkeys(measured, place))


def _scattered(changed: Mask) -> float:
    """Share of the change that lies apart from the largest group of patches, 0..1."""
    reach = max(3, round(NEAR * max(changed.shape)))
    groups, count = ndimage.label(cv2.dilate(changed.astype(np.uint8), np.ones((reach, reach), np.uint8)))
    sizes = np.bincount(groups.ravel(), changed.ravel(), minlength=count + 1)[1:]
    return 1 - float(sizes.max() / sizes.sum())


def _towards(evidence: Evidence, where: Mask, colours: tuple[str, ...]) -> float:
    """Share of the way that colours went to the nearest of those asked for, <= 1: what a quarter of `where` reached.

    A quarter, because a pattern or a glossy thing has other colours as well.

    Colours with a hue are compared by hue and chroma alone, because light and shade stay; greys by all.
    """
    before, after = (lab[where] for lab in evidence.labs)
    best = np.full(len(before), -np.inf)
    for colour in colours:
        wanted = rgb2lab(np.array(to_rgb(colour), np.uint8)[None, None] / 255.0)[0, 0]
        planes = slice(1, 3) if np.hypot(*wanted[1:]) > GREYISH else slice(0, 3)
        left, had = (np.linalg.norm(lab[:, planes] - wanted[planes], axis=-1) for lab in (after, before))
        best = np.maximum(best, np.where(had > 5, 1 - left / np.maximum(had, 5), 1 - left / 20))
    return float(np.percentile(best, 75))
