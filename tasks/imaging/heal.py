"""Filling holes so that nobody sees them: texture copied from nearby, fitted to the rim without a seam.

Every missing pixel is given the shift under which its surroundings look most like themselves (as in He and Sun,
"Statistics of Patch Offsets for Image Completion", 2012, but by exhaustive search over a small fan of shifts). What is
copied are gradients, not colours (Perez, Gangnet and Blake, "Poisson Image Editing", 2003): the copy brings the grain,
the rim brings the colour, so flat, sloped and textured grounds need no case of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

from tasks.imaging.area import Mask, Pixels

_DIRECTIONS, _RINGS = 20, 5
"""The fan of shifts: directions around the circle, and distances of which each is 1.6 times the one before."""
_THICK = 5.0
"""Half the thickness in pixels from which shifts are searched at half size: thick holes are large ones."""
_RAW = 0.3
"""Weight of colour against fine structure when surroundings are compared: the rim corrects colour, not structure."""


def heal(pixels: Pixels, hole: Mask, usable: Mask) -> Pixels:
    """A copy of `pixels` (height x width x 3, 0..255) with `hole` filled from what is `usable`.

    `usable` are the pixels texture may be copied from; the rim's colours count in any case. The hole may touch the
    border. Outside the hole nothing changes. A hole without usable surroundings is filled smoothly.
    """
    if not hole.any():
        return pixels.copy()
    known = usable & ~hole
    stride = 2 if ndimage.distance_transform_edt(hole).max() > _THICK else 1
    shifts = _fan(hole[::stride, ::stride])
    labels = _best_shift(_halved(pixels, stride), _halved(hole, stride) > 0, _halved(known, stride) == 1, shifts)
    full = np.repeat(np.repeat(labels, stride, axis=0), stride, axis=1)[: hole.shape[0], : hole.shape[1]]
    return _blend(pixels, hole, shifts * stride, full)


def _halved(values: NDArray[np.generic], stride: int) -> Pixels:
    """`values` averaged over squares of `stride` pixels; a last odd row or column counts twice."""
    if stride == 1:
        return values.astype(np.float32)
    even = np.pad(values, [(0, side % stride) for side in values.shape[:2]] + [(0, 0)] * (values.ndim - 2), mode="edge")
    parts = [even[row::stride, column::stride].astype(np.float32) for row in range(stride) for column in range(stride)]
    return np.asarray(sum(parts) / len(parts), np.float32)


def _fan(hole: Mask) -> NDArray[np.intp]:
    """The shifts (down, right) to try, starting just beyond the hole's thickest part."""
    nearest = 2 * float(ndimage.distance_transform_edt(hole).max()) + 3
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    radii = nearest * 1.6 ** np.arange(_RINGS)
    fan = np.stack([np.outer(radii, np.sin(angles)).ravel(), np.outer(radii, np.cos(angles)).ravel()], axis=1)
    return np.unique(np.rint(fan).astype(np.intp), axis=0)


def _best_shift(pixels: Pixels, hole: Mask, known: Mask, shifts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Index of the best shift for each pixel; -1 where none has a usable source."""
    size = int(2 * np.ceil(ndimage.distance_transform_edt(hole).max()) + 7)
    weight = known.astype(np.float32)
    sources = ndimage.binary_erosion(known, border_value=1).astype(np.float32)  # gradients reach one pixel further
    feature = _structure(pixels, ~hole)
    lowest = np.full(hole.shape, np.inf, np.float32)
    labels = np.full(hole.shape, -1, np.intp)
    for index, shift in enumerate(shifts):
        both = weight * _moved(weight, shift)
        difference = ((feature - _moved(feature, shift)) ** 2).sum(axis=-1) * both
        support = ndimage.uniform_filter(both, size, mode="constant")
        cost = ndimage.uniform_filter(difference, size, mode="constant") / np.maximum(support, 1e-3)
        cost[(support < 0.1) | (_moved(sources, shift) == 0)] = np.inf
        better = cost < lowest
        lowest[better], labels[better] = cost[better], index
    return labels


def _structure(pixels: Pixels, known: Mask) -> Pixels:
    """What is compared: fine structure, and colour at a lower weight; holes hold their surroundings' mean."""
    sigma = 6.0
    weight = ndimage.gaussian_filter(known.astype(np.float32), sigma) + 1e-4
    blurred = ndimage.gaussian_filter(pixels * known[..., None], (sigma, sigma, 0)) / weight[..., None]
    fine = np.where(known[..., None], pixels - blurred, 0)
    return np.concatenate([fine, _RAW * blurred], axis=-1).astype(np.float32)


def _moved(values: NDArray[np.float32], shift: NDArray[np.intp]) -> NDArray[np.float32]:
    """`values` read `shift` away from each place; zero beyond the border."""
    moved = np.zeros_like(values)
    (height, width), (down, right) = values.shape[:2], shift
    rows = slice(max(0, -down), min(height, height - down))
    columns = slice(max(0, -right), min(width, width - right))
    if rows.start < rows.stop and columns.start < columns.stop:
        moved[rows, columns] = values[
            rows.start + down : rows.stop + down, columns.start + right : columns.stop + right
        ]
    return moved


def _blend(pixels: Pixels, hole: Mask, shifts: NDArray[np.intp], labels: NDArray[np.intp]) -> Pixels:
    """The hole solved so that its gradients are the copied ones and its rim meets the picture."""
    height, width = hole.shape
    places = np.argwhere(hole)
    number = np.full(hole.shape, -1, np.intp)
    number[hole] = np.arange(len(places))
    shift = np.where(labels[hole][:, None] >= 0, shifts[labels[hole]], 0)

    def copied(at: NDArray[np.intp], by: NDArray[np.intp]) -> Pixels:
        source = np.clip(at + by, 0, (height - 1, width - 1))
        return pixels[source[:, 0], source[:, 1]]

    start = copied(places, shift)
    start[labels[hole] < 0] = pixels[~hole].mean(axis=0) if (~hole).any() else 0
    right_side, diagonal = np.zeros_like(start), np.zeros(len(places), np.float32)
    links: list[NDArray[np.intp]] = []
    for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        beside = places + step
        inside = np.all((beside >= 0) & (beside < (height, width)), axis=1)
        row, column = np.clip(beside, 0, (height - 1, width - 1)).T
        missing = inside & hole[row, column]
        other = np.where(missing[:, None], shift[number[row, column]], shift)
        gradient = (copied(places, shift) - copied(beside, shift) + copied(places, other) - copied(beside, other)) / 2
        gradient[(labels[hole] < 0) | (missing & (labels[row, column] < 0))] = 0
        right_side += np.where(inside[:, None], gradient, 0)
        right_side += np.where((inside & ~missing)[:, None], pixels[row, column], 0)
        diagonal += inside
        links.append(np.stack([np.flatnonzero(missing), number[row, column][missing]]))
    return _solved(pixels, hole, start, right_side, diagonal, np.concatenate(links, axis=1))


def _solved(
    pixels: Pixels,
    hole: Mask,
    start: Pixels,
    right_side: Pixels,
    diagonal: NDArray[np.float32],
    links: NDArray[np.intp],
) -> Pixels:
    """Poisson's equation over the hole, channel by channel, from the plain copy on."""
    count = len(start)
    neighbours = sparse.coo_array((np.ones(links.shape[1], np.float32), (links[0], links[1])), (count, count))
    system = (sparse.diags_array(diagonal) - neighbours).tocsr()
    filled = pixels.copy()
    for channel in range(pixels.shape[-1]):
        solution, _ = cg(system, right_side[:, channel], x0=start[:, channel], rtol=1e-4, maxiter=300)
        filled[hole, channel] = np.clip(solution, 0, 255)
    return filled
