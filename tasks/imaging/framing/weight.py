"""What in a picture matters: faces, and how much the eye is drawn to each part."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage import data
from skimage.color import rgb2lab
from skimage.feature import Cascade

from tasks.domain.models import Box
from tasks.imaging.area import grown

SIDE = 256
"""Longest side in pixels at which weight is told."""
FACE_SIDE = 400
"""The same for faces; a face of a fourteenth of that is found."""
BLUR = 5
"""Pixels of that size over which edges and colours are averaged: things count, single strokes of a texture do not."""
HEAD = 0.35
"""Share of a face's box by which it is enlarged so that hair and chin belong to it."""
EDGE, COLOUR = 80.0, 40.0
"""Steps of grey (Sobel) and CIELAB distance from the picture's usual colour that weigh as much as each other."""


def find_faces(image: Image.Image) -> tuple[Box, ...]:
    """Upright faces seen from the front, heads included, in pixels of `image`; now and then something like one.

    The cascade comes with scikit-image (LBP, trained by OpenCV); it takes about 0.3 s.
    """
    scale = min(1.0, FACE_SIDE / max(image.size))
    size = (round(image.width * scale), round(image.height * scale))
    if min(size) < 28:
        return ()
    grey = np.asarray(image.convert("L").resize(size, Image.Resampling.BOX))
    found = _cascade().detect_multi_scale(
        img=grey, scale_factor=1.2, step_ratio=1, min_size=(28, 28), max_size=(max(size), max(size))
    )
    boxes = []
    for face in found:
        left, top, width = (round(face[key] / scale) for key in ("c", "r", "width"))
        boxes.append(grown(Box(left, top, left + width, top + width), round(HEAD * width), image.size))
    return tuple(boxes)


@cache
def _cascade() -> Cascade:
    return Cascade(data.lbp_frontal_face_cascade_filename())


def visual_weight(image: Image.Image) -> NDArray[np.float64]:
    """How much the eye is drawn to each part, small (longest side `SIDE`), adding up to 1.

    Edges and what has another colour than most of the picture; a plain picture weighs the same everywhere.
    """
    scale = min(1.0, SIDE / max(image.size))
    small = image.convert("RGB").resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BOX
    )
    grey = np.asarray(small.convert("L"), np.float64)
    lab = ndimage.gaussian_filter(rgb2lab(np.asarray(small) / 255.0), (BLUR, BLUR, 0))
    apart = np.linalg.norm(lab - np.median(lab.reshape(-1, 3), axis=0), axis=-1)
    edges = ndimage.gaussian_filter(np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1)), BLUR)
    weight = np.asarray(_above(edges) / EDGE + _above(apart) / COLOUR + 1e-6)
    return weight / weight.sum()


def _above(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is above the usual: a texture that is everywhere draws no eye anywhere."""
    return np.maximum(0.0, values - np.median(values))
