"""Preservation within the part of a picture an engine was shown; and none where an engine is exact by itself."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tasks.domain.models import Box, Preservation
from tasks.imaging.area import Mask, differing, window
from tasks.imaging.preservation import Preserved, preserve


def keep(source: Image.Image, edited: Image.Image, allowed: Mask | None, *, part: Box, exact: bool) -> Preserved:
    """`edited` (of the source's size and mode) with the source's pixels put back, what may differ, and the report.

    Only `part` is compared: around it the pixels are the source's already and would hide how the part has moved. Of an
    engine that is `exact`, what differs is what was meant, unless some of it lies outside `allowed`, which is final.
    Fractions in the report are of the whole picture.
    """
    touched = _different(source, edited)
    if exact and (allowed is None or not (touched & ~allowed).any()):
        report = Preservation(applied=False, reason="the engine left everything else exactly as it was")
        return Preserved(edited, touched if allowed is None else allowed, _measured(report, touched, touched))
    kept = preserve(source.crop(part), edited.crop(part), None if allowed is None else window(allowed, part))
    if kept.mask is None:
        return Preserved(edited, None, kept.report)
    result, mask = source.copy(), np.zeros_like(touched)
    result.paste(kept.image, (part.left, part.top))
    window(mask, part)[:] = kept.mask
    return Preserved(result, mask, _measured(kept.report, mask, _different(source, result)))


def _different(one: Image.Image, other: Image.Image) -> Mask:
    return differing(np.asarray(one), np.asarray(other))


def _measured(report: Preservation, mask: Mask, touched: Mask) -> Preservation:
    return report.model_copy(
        update={"changed_fraction": float(mask.mean()), "exact_fraction": float(1 - touched.mean())}
    )
