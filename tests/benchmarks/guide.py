"""The validator of the guide this project started from, as its own text describes it: only to be compared with.

Structural similarity of the grey pictures for appearance and text, the variance of the Laplacian over 1000 for text,
nothing at all for other kinds; its threshold for structure is filed under a name no metric has, so 0.5 applies.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from tasks.domain.models import EditType

THRESHOLDS = {"semantic_similarity": 0.7, "text_clarity": 0.8, "structure_preservation": 0.75}
OTHERWISE = 0.5


def guide_accepts(source: Image.Image, result: Image.Image, edit_type: EditType) -> bool:
    """What that validator says of a pair of equal size."""
    before, after = (np.asarray(picture.convert("L")) for picture in (source, result))
    metrics: dict[str, float] = {}
    if edit_type in {EditType.APPEARANCE, EditType.TEXT}:
        metrics["structural_similarity"] = float(structural_similarity(before, after))
    if edit_type is EditType.TEXT:
        metrics["text_clarity"] = min(float(cv2.Laplacian(after, cv2.CV_64F).var()) / 1000, 1.0)
    return all(value >= THRESHOLDS.get(name, OTHERWISE) for name, value in metrics.items())
