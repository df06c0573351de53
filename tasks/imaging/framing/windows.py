"""The best window of a picture for another shape: all that must be kept inside it, and as much weight as can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.domain.models import Box
from tasks.imaging.area import around

OFF_CENTRE = 0.05
"""Share of the picture's weight that a window at the very border must gain over one in the middle."""
STEPS = 64
"""Positions a window is tried at."""


class Window(NamedTuple):
    """The largest part of a picture that has the wanted shape."""

    edges: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the picture, not rounded: rounding would distort."""
    kept: float
    """Share of the picture's weight inside, 0..1."""
    whole: bool
    """True when everything that must be kept is inside."""


def best_window(
    size: tuple[int, int], shape: tuple[int, int], musts: Sequence[Box], weight: NDArray[np.float64]
) -> Window:
    """The window of `shape` (only its proportions count) in a picture of `size`.

    A largest window slides along one side only. It holds all of `musts` where they fit into it, else as many pixels of
    them as it can; among such places it holds the most weight, and is near the middle.
    """
    width, height = size
    across = width * shape[1] > height * shape[0]  # the picture is wider than the shape
    length = (width, height)[not across]
    extent = height * shape[0] / shape[1] if across else width * shape[1] / shape[0]
    extent = min(extent, length)
    profile = weight.sum(axis=0 if across else 1)
    total = np.concatenate([[0.0], np.cumsum(profile)])
    places = np.linspace(0, length, len(total))
    low, high = 0.0, length - extent
    whole = True
    if musts:
        held = around(musts)
        first, last = (held.left, held.right) if across else (held.top, held.bottom)
        whole = last - first <= extent + 1e-6
        if whole:
            low, high = max(low, last - extent), min(high, first)
    starts = np.linspace(low, max(low, high), STEPS)
    kept = np.interp(starts + extent, places, total) - np.interp(starts, places, total)
    middle = (length - extent) / 2
    centred = kept - OFF_CENTRE * np.abs(starts - middle) / max(1.0, middle)
    if not whole:
        cut = np.array([_inside(musts, start, start + extent, across=across) for start in starts])
        centred = centred + 10 * cut / max(1.0, cut.max())
    at = int(centred.argmax())
    start = float(starts[at])
    edges = (start, 0.0, start + extent, float(height)) if across else (0.0, start, float(width), start + extent)
    return Window(edges, float(min(1.0, kept[at])), whole)


def _inside(musts: Sequence[Box], start: float, end: float, *, across: bool) -> float:
    """Pixels of `musts` between two lines."""
    shares = 0.0
    for box in musts:
        first, last, other = (box.left, box.right, box.height) if across else (box.top, box.bottom, box.width)
        shares += max(0.0, min(last, end) - max(first, start)) * other
    return shares
