"""Telling lettering from ground: which pixels of a line are ink, how much, and in what colour.

Knowing the words is half the work. Several ways of telling ink (distance from a plain ground, clusters of colour) are
tried, and the one whose ink looks most like those words in print is believed; the print also says where not to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

from tasks.domain.models import Box
from tasks.imaging.area import Mask, Pixels, grown
from tasks.imaging.lettering import LineStyle, Matte, draw_line, ink_extent
from tasks.imaging.palette import main_colours, nearest
from tasks.imaging.typeface import BUNDLED, Face, covers

_HEIGHT = 32
"""Pixels of line height at which ways of telling ink are compared."""
_SPECIMENS = ("NotoSansCJK-Bold", "NotoSansCJK-Regular", "NotoSerifCJK-Regular", "NanumSquareRoundB", "DejaVuSans-Bold")
_LEAST_LIKENESS = 0.15
"""Correlation with print below which nothing looks like the words; it only sorts out what is not worth fitting."""
_FAINT = 0.5
"""Correlation with print below which the box is doubted."""
_BANNER_RIM = 0.22
"""Share of a banner's height that lies above its lettering, and below."""
_LEAST_CONTRAST = 12.0
"""Distance in RGB (0..441) between ink and ground below which nothing can be told apart."""


@dataclass(frozen=True)
class Glyphs:
    """The lettering of one line inside `box` of the picture; arrays are of the box's size.

    `matte` is the share of ink in each pixel, `ink` the colour of the ink in each pixel (height x width x 3, smooth,
    defined everywhere), `ground` a smooth guess of what lies beneath, `likeness` how much the matte looks like the
    words in print, 0..1.
    """

    box: Box
    matte: Matte
    ink: Pixels
    ground: Pixels
    likeness: float


def isolate(image: Image.Image, line: Box, text: str) -> Glyphs | None:
    """The lettering of `text` in `line` of an RGB picture; None when nothing there looks like those words.

    A detector that took the banner for the line gives a box far too large: a faint likeness is tried again within it.
    """
    found = _isolated(image, line, text)
    inner = grown(line, -round(_BANNER_RIM * line.height), image.size)
    if inner.width <= 0 or (found and found.likeness >= _FAINT):
        return found
    within = _isolated(image, inner, text)
    return max(filter(None, (found, within)), key=lambda glyphs: glyphs.likeness, default=None)


def _isolated(image: Image.Image, line: Box, text: str) -> Glyphs | None:
    box = grown(line, max(4, round(0.35 * line.height)), image.size)
    pixels = np.asarray(image.crop(box), np.float32)
    inner = (slice(line.top - box.top, line.bottom - box.top), slice(line.left - box.left, line.right - box.left))
    likeness, rough = _likeliest(pixels, inner, text)
    if likeness < _LEAST_LIKENESS:
        return None
    near = ndimage.binary_dilation(rough.print, iterations=max(2, round(0.16 * line.height)))
    core = ndimage.binary_propagation(rough.seen & rough.print, mask=rough.seen & near)
    ground = _spread(pixels, ~ndimage.binary_dilation(core, iterations=3), line.height)
    ink = _spread(pixels, _heart(core), line.height)
    if np.linalg.norm((ink - ground)[core], axis=-1).mean() < _LEAST_CONTRAST:
        return None
    matte = share_of_ink(pixels, ink, ground) * ndimage.binary_dilation(core, iterations=3)
    return Glyphs(box, matte, ink, ground, likeness)


@dataclass(frozen=True)
class _Candidate:
    """One way of telling ink: the pixels it takes for ink, and those that the best-fitting print covers."""

    seen: Mask
    print: Mask


def _likeliest(pixels: Pixels, inner: tuple[slice, slice], text: str) -> tuple[float, _Candidate]:
    """The way of telling ink that looks most like `text` in print, with its likeness."""
    line = pixels[inner]
    height, width = line.shape[:2]
    scale = min(1.0, _HEIGHT / height)
    shape = (round(height * scale), round(width * scale))
    small = np.asarray(Image.fromarray(line.astype(np.uint8)).resize(shape[::-1], Image.Resampling.BOX), np.float32)
    prints = _prints(text, height * scale, width * scale)
    nothing = np.zeros(pixels.shape[:2], bool)
    best, found = 0.0, _Candidate(nothing, nothing)
    for telling in _tellings(line):
        seen = telling(small).astype(np.float32)
        for specimen in prints:
            likeness, (row, column) = _correlation(seen, specimen)
            if likeness > best:
                laid = np.zeros(shape, np.float32)
                laid[row : row + specimen.shape[0], column : column + specimen.shape[1]] = specimen
                covered = nothing.copy()
                covered[inner] = _resized(laid, (height, width)) > 0.3
                best, found = likeness, _Candidate(telling(pixels), covered)
    return best, found


def _resized(values: Matte, shape: tuple[int, ...]) -> Matte:
    return np.asarray(Image.fromarray(values).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def _prints(text: str, height: float, width: float) -> list[Matte]:
    """`text` in a few faces and sizes that would fill a detected line of that height and width."""
    prints = []
    for face in _specimens(text):
        style = LineStyle(face, 64.0)
        left, top, right, bottom = ink_extent(style, text)
        shape = (max(1, round(bottom - top)), max(1, round(right - left)))
        print_ = draw_line(shape, style, text, -left, -top)
        for tall in (0.62, 0.75, 0.88):
            for trimmed in (0.1, 0.22, 0.34):  # detectors leave a rim that grows with the line's height
                target = (max(4, round(height * tall)), max(4, round(width - height * trimmed)))
                prints.append(_resized(print_, target))
    return prints


def _specimens(text: str) -> list[Face]:
    return [face for face in BUNDLED if face.name in _SPECIMENS and covers(face, text)]


def _correlation(seen: Matte, specimen: Matte) -> tuple[float, tuple[int, int]]:
    """Best normalised cross-correlation of `specimen` inside `seen`, 0..1, and the corner it is reached at."""
    likeness = np.nan_to_num(cv2.matchTemplate(seen, specimen, cv2.TM_CCOEFF_NORMED))
    row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
    return min(1.0, float(likeness[row, column])), (int(row), int(column))


def _tellings(line: Pixels) -> Iterator[Callable[[Pixels], Mask]]:
    """Ways of telling ink: off the commonest colour, then by cluster of colour, few and coarse to many and fine."""
    colours = line.reshape(-1, 3)
    common = np.median(colours, axis=0)
    distance = np.linalg.norm(colours - common, axis=1)
    if np.ptp(distance) > 0:
        threshold = threshold_otsu(distance)
        yield lambda pixels: np.linalg.norm(pixels - common, axis=-1) > threshold
    for count in (2, 3, 4):
        centres = main_colours(colours, count)
        for cluster in range(len(centres)):
            yield partial(_nearest_is, centres, cluster)


def _nearest_is(centres: NDArray[np.float64], cluster: int, pixels: Pixels) -> Mask:
    return nearest(pixels, centres) == cluster


def _heart(core: Mask) -> Mask:
    """The pixels of `core` that are all ink: without its rim, where strokes are thick enough to have an inside."""
    inside = ndimage.binary_erosion(core)
    return inside if inside.sum() > 0.15 * core.sum() else core


def _spread(pixels: Pixels, known: Mask, height: int) -> Pixels:
    """The colours of `known` pixels carried over all others: from close by where possible, else from further off."""
    spread: Pixels = np.broadcast_to(np.median(pixels[known], axis=0) if known.any() else 0, pixels.shape)
    weighted = np.concatenate([pixels * known[..., None], known[..., None]], axis=-1).astype(np.float32)
    for sigma in (0.5 * height, 0.2 * height, 0.06 * height):
        blurred = _blurred(weighted, sigma)
        spread = (blurred[..., :3] + 0.02 * spread) / (blurred[..., 3:] + 0.02)
    return spread


def _blurred(values: Pixels, sigma: float) -> Pixels:
    """A Gaussian blur, worked out on every so-manieth pixel where it is wide."""
    stride = max(1, int(sigma / 2))
    coarse = ndimage.uniform_filter(values, (stride, stride, 0))[::stride, ::stride] if stride > 1 else values
    coarse = ndimage.gaussian_filter(coarse, (sigma / stride, sigma / stride, 0))
    if stride == 1:
        return coarse
    return np.stack([_resized(coarse[..., at], values.shape[:2]) for at in range(values.shape[-1])], axis=-1)


def share_of_ink(pixels: Pixels, ink: Pixels, ground: Pixels) -> Matte:
    """0..1: where each pixel lies on the way from ground to ink; colours far off that way are no mixture of the two."""
    way = ink - ground
    length = np.maximum((way**2).sum(axis=-1), 1.0)
    share = ((pixels - ground) * way).sum(axis=-1) / length
    off = np.linalg.norm(pixels - ground - share[..., None] * way, axis=-1) / np.sqrt(length)
    return (np.clip(share, 0, 1) * np.exp(-((off / 0.35) ** 2))).astype(np.float32)
