"""How a candidate lies on its source: shift, zoom and rotation, despite a local edit, blur, noise and tints."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.imaging.area import Mask, Pixels

Points = NDArray[np.float64]
"""Count x 2: x and y in pixels, pixel centres at whole numbers."""
Matrix = NDArray[np.float64]
"""2 x 3, acting on (x, y, 1)."""

STILL = np.eye(2, 3)
"""The matrix of no motion at all."""

LARGEST = 1100
"""Longest side in pixels at which motion is measured: above, more pixels no longer make it more exact."""
BLOCKS = (96, 64, 32)
"""Sides in pixels of the blocks compared, the largest of which the shorter side holds `ACROSS`."""
ACROSS = 6
LEAST_BLOCKS = 6
"""Agreeing blocks below which nothing is said: any two of them define a motion, the others have to confirm it."""

TEXTURE = 0.25
"""Variation of the slope in grey levels per pixel, in the direction that has least of it, from which a block has
something to go by (the corner measure of Shi and Tomasi, 1994): stripes and even slopes have none. Noise has 0.1."""
SMOOTHING = 2.0
"""Standard deviation in pixels of the blur before slopes are measured."""
CLEAR = 0.06
"""Least height of a block's correlation peak, of 1; repetitive and unrelated blocks have 0.01 to 0.05."""
AGREEMENT = 0.6
"""Pixels by which a block may miss the common motion and still agree with it."""
SUPPORT = 0.15
"""Least share of textured blocks that has to agree."""
WELL = 0.5
"""Share of textured blocks from which no other motion needs to be looked for."""
PASSES = 3
"""Measurements at most, each on the candidate as moved back by those before."""
SETTLED = 0.1
"""Pixels by which a corner moves in a pass that is the last one."""
LIMIT = 24.0
"""Grey levels beyond which two pixels are simply different, whichever they are."""
FEATURES, SMALL = 1200, 640
"""Corners matched to find large motions, and the longest side in pixels of the pictures they are sought in."""
STEEPEST = 30.0
"""Degrees a large motion may turn the picture; patterns of squares match themselves at 90."""


class Blocks(NamedTuple):
    """Squares of that side in pixels, by their top and left."""

    side: int
    corners: list[tuple[int, int]]


@dataclass(frozen=True)
class Motion:
    """What became of the source's framing in a candidate of the same size.

    `matrix` is 2 x 3: what the source shows at (x, y), the candidate shows at `matrix @ (x, y, 1)`. `shift` is how far
    the centre moved, in pixels; `zoom` 1.0 means same size, above 1 the candidate is enlarged; `rotation` is in
    degrees, positive from x towards y. `support` is the share 0..1 of textured blocks that agree with this motion: 0
    when there is nothing to go by or no agreement, and then the matrix is the identity.
    """

    matrix: Matrix
    shift: float
    zoom: float
    rotation: float
    support: float

    def undo(self, candidate: Pixels) -> Pixels:
        """The candidate resampled (bicubic) so that it lies on the source; beyond its borders they are repeated."""
        return _moved_back(candidate, self.matrix)


def register(source: Pixels, candidate: Pixels, aside: Mask | None = None) -> Motion:
    """The motion between two pictures of the same shape, H x W x 3, 0..255, by what does not lie `aside` (H x W).

    Textured blocks are compared by phase correlation, and the similarity most of them agree on is sought by RANSAC;
    when few agree, matched corners (ORB) propose a larger motion to start from. Right to about 0.1 px at one megapixel
    for drift up to 4 px and 2 %; shifts up to a fifth of a side and zooms of 0.7 to 1.45 are found, less exactly.
    """
    height, width = source.shape[:2]
    scale = min(1.0, LARGEST / max(height, width))
    before, after = (_grey(picture, scale) for picture in (source, candidate))
    hidden: NDArray[np.generic] = np.zeros(before.shape, np.uint8)
    if aside is not None:
        hidden = cv2.resize(aside.astype(np.uint8), before.shape[::-1], interpolation=cv2.INTER_NEAREST)
    blocks = _textured(before, hidden)
    matrix, support = _refined(before, after, blocks, STILL)
    if support < WELL and blocks.corners and (guess := _matched(before, after)) is not None:
        other, gained = _refined(before, after, blocks, guess)
        if gained > support:
            matrix, support = other, gained
    corners = _corners(before)
    moved = np.abs(_apply(matrix, corners) - corners).max() > AGREEMENT
    if moved and _apart(before, _moved_back(after, matrix)) > _apart(before, after):
        matrix, support = STILL, 0.0  # the change moved, a line of lettering for instance, not the picture
    return _motion(_at_scale(matrix, scale), (width, height), support)


def _apart(before: Pixels, after: Pixels) -> float:
    """Mean difference in grey levels; a larger one than `LIMIT` says no more."""
    return float(np.minimum(np.abs(before - after), LIMIT).mean())


def _grey(picture: Pixels, scale: float) -> Pixels:
    grey = cv2.cvtColor(np.ascontiguousarray(picture, dtype=np.float32), cv2.COLOR_RGB2GRAY)
    if scale < 1:
        size = [max(1, round(side * scale)) for side in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, dtype=np.float32)


def _refined(before: Pixels, after: Pixels, blocks: Blocks, guess: Matrix) -> tuple[Matrix, float]:
    """The motion near `guess` and its support; the identity and 0 without enough agreement."""
    corners = _corners(before)
    matrix, support = guess, 0.0
    for _ in range(PASSES):
        step, support = _agreed(before, _moved_back(after, matrix), blocks)
        if not support:
            return STILL, 0.0
        matrix = _composed(matrix, step)
        if np.abs(_apply(step, corners) - corners).max() < SETTLED:
            break
    return matrix, support


def _agreed(before: Pixels, after: Pixels, blocks: Blocks) -> tuple[Matrix, float]:
    """The similarity most textured blocks agree on, and their share of all textured ones."""
    places, moves = _block_moves(before, after, blocks)
    if len(places) < LEAST_BLOCKS:
        return STILL, 0.0
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffinePartial2D(
        places, places + moves, method=cv2.RANSAC, ransacReprojThreshold=AGREEMENT, maxIters=1000, confidence=0.999
    )
    if matrix is None or inliers.sum() < max(LEAST_BLOCKS, SUPPORT * len(blocks.corners)):
        return STILL, 0.0
    return np.asarray(matrix, dtype=np.float64), float(inliers.sum() / len(blocks.corners))


def _textured(before: Pixels, aside: NDArray[np.generic]) -> Blocks:
    """The blocks of a picture, none of it `aside`, that have something to go by in every direction."""
    side = next((side for side in BLOCKS if side * ACROSS <= min(before.shape)), BLOCKS[-1])
    smooth = cv2.GaussianBlur(before, (0, 0), SMOOTHING)
    slopes = np.stack([cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1))])
    corners = []
    for top, left in product(*(range(0, length - side + 1, side * 2 // 3) for length in before.shape)):
        if aside[top : top + side, left : left + side].any():
            continue
        across, down = slopes[:, top : top + side, left : left + side].reshape(2, -1).astype(np.float64)
        if _least_variance(across, down) >= TEXTURE**2:
            corners.append((top, left))
    return Blocks(side, corners)


def _least_variance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Variance of points in the direction they vary least in: the smaller eigenvalue of their covariance."""
    x, y = x - x.mean(), y - y.mean()
    xx, xy, yy = x @ x, x @ y, y @ y
    return float((xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)) / (x.size - 1)


def _block_moves(before: Pixels, after: Pixels, blocks: Blocks) -> tuple[Points, Points]:
    """Centres of the blocks that say clearly where they went, and how far that is."""
    side = blocks.side
    taper = cv2.createHanningWindow((side, side), cv2.CV_32F)
    places, moves = [], []
    for top, left in blocks.corners:
        one, other = (picture[top : top + side, left : left + side] for picture in (before, after))
        move, height = cv2.phaseCorrelate(one - one.mean(), other - other.mean(), taper)
        if height >= CLEAR and max(map(abs, move)) <= side / 3:
            places.append((left + (side - 1) / 2, top + (side - 1) / 2))
            moves.append(move)
    return np.reshape(places, (-1, 2)), np.reshape(moves, (-1, 2))


def _matched(before: Pixels, after: Pixels) -> Matrix | None:
    """The similarity most matching corners agree on, turned little; None without one."""
    scale = min(1.0, SMALL / max(before.shape))
    if scale * min(before.shape) < BLOCKS[-1]:
        return None
    detector, matcher = cv2.ORB.create(FEATURES), cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    found = []
    for picture in (before, after):
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found.append(detector.detectAndCompute(np.clip(small, 0, 255).astype(np.uint8), None))
    (here, these), (there, those) = found
    pairs = matcher.match(these, those) if these is not None and those is not None else ()
    if len(pairs) < LEAST_BLOCKS:
        return None
    start = np.array([here[pair.queryIdx].pt for pair in pairs])
    end = np.array([there[pair.trainIdx].pt for pair in pairs])
    cv2.setRNGSeed(0)
    matrix, _ = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=2.0, maxIters=2000)
    if matrix is None or abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))) > STEEPEST:
        return None
    return _at_scale(np.asarray(matrix, dtype=np.float64), scale)


def _moved_back(picture: Pixels, matrix: Matrix) -> Pixels:
    if np.allclose(matrix, STILL, atol=1e-9):
        return picture
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(picture, matrix, picture.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def _at_scale(matrix: Matrix, scale: float) -> Matrix:
    """The same motion in a picture `1 / scale` times as large; pixel centres stay at whole numbers."""
    offset = np.full(2, 0.5 / scale - 0.5)
    linear = matrix[:, :2]
    return np.column_stack([linear, matrix[:, 2] / scale + offset - linear @ offset])


def _composed(outer: Matrix, inner: Matrix) -> Matrix:
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _apply(matrix: Matrix, points: Points) -> Points:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _corners(picture: Pixels) -> Points:
    bottom, right = picture.shape[0] - 1, picture.shape[1] - 1
    return np.array([(0, 0), (right, 0), (0, bottom), (right, bottom)], dtype=np.float64)


def _motion(matrix: Matrix, size: tuple[int, int], support: float) -> Motion:
    centre = (np.array([size], dtype=np.float64) - 1) / 2
    cosine, sine = matrix[0, 0], matrix[1, 0]
    return Motion(
        matrix=matrix,
        shift=float(np.linalg.norm(_apply(matrix, centre) - centre)),
        zoom=float(np.hypot(cosine, sine)),
        rotation=float(np.degrees(np.arctan2(sine, cosine))),
        support=support,
    )
