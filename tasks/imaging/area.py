"""Rectangles, masks, and the parts of pictures they name. Arrays are height x width (x 3), boxes left to bottom."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.domain.models import Box

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]
"""Samples 0..255; height x width x 3 for colours."""

_Sample = TypeVar("_Sample", bound=np.generic)


def window(values: NDArray[_Sample], box: Box) -> NDArray[_Sample]:
    """The part of a picture-sized array inside `box`, as a view."""
    return values[box.top : box.bottom, box.left : box.right]


def grown(box: Box, margin: int, size: tuple[int, int]) -> Box:
    """`box` with a margin on every side, cut at the borders of a picture of that width and height."""
    return Box(
        max(0, box.left - margin),
        max(0, box.top - margin),
        min(size[0], box.right + margin),
        min(size[1], box.bottom + margin),
    )


def overlap(one: Box, other: Box) -> int:
    """Pixels the two have in common."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0, width) * max(0, height)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest rectangle that holds all of `boxes`, at least one."""
    return reduce(
        lambda one, other: Box(
            min(one.left, other.left),
            min(one.top, other.top),
            max(one.right, other.right),
            max(one.bottom, other.bottom),
        ),
        boxes,
    )


def differing(one: NDArray[_Sample], other: NDArray[_Sample]) -> Mask:
    """True where any channel of two pictures (height x width x channels) differs."""
    return in_any_channel(one != other)


def in_any_channel(found: NDArray[np.bool_]) -> Mask:
    """Height x width: true where any channel is; numpy's own `any` takes ten times as long over so short an axis."""
    return reduce(np.logical_or, np.moveaxis(found, -1, 0))


def lengths(vectors: Pixels) -> NDArray[np.float32]:
    """Height x width: the Euclidean length of what stands in the channels, worked out channel by channel as above."""
    return np.sqrt(reduce(np.add, np.moveaxis(vectors * vectors, -1, 0)))


def bounding_box(mask: Mask) -> Box:
    """The smallest rectangle that holds all true pixels; without any, an empty one at the origin."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
