"""What part of a picture an engine is shown, and how its answer gets back into the whole.

A generative model works near one megapixel. A larger picture is shown to it through a window around the region that
is to change, at native pixels, so that the rest keeps its size and detail; without a region all of it is shown, scaled
down. Sides are brought to the multiple an engine wants by more of the picture or by padding, never by distorting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tasks.domain.models import Box, TextChange, TextLine, View
from tasks.domain.wording import occurrences
from tasks.imaging.area import around

AROUND = 0.5
"""Context on every side of a region, as a share of its longer side, as far as that fits at native pixels."""
LEAST_AROUND = 128
"""Pixels of context on every side at least: lettering is set with an eye on its neighbours."""
MOST_ASPECT = 3.0
"""How many times longer than broad a window is at most, where the picture allows."""


def view_of(
    size: tuple[int, int], region: Box | None, *, works_at: int | None, multiple: int = 1, context: float = 1.0
) -> View:
    """What an engine that works at `works_at` pixels with sides that are multiples of `multiple` is shown of a picture.

    All of it when it fits or no region is known; else a window around `region` with `context` times the usual around
    it. Usual is what is worth seeing and fits at native pixels: context is given up before detail is. Scaled down only
    when that is still larger than `works_at`, and then so far that it stays within it padded.
    """
    whole = Box(0, 0, *size)
    fits = works_at is None or size[0] * size[1] <= works_at
    window = whole
    if works_at is not None and not fits and region is not None:
        margin = int(_usual(region, works_at, multiple) * context)
        window = _around(region, margin, size, works_at, multiple)
    scaled = (window.width, window.height)
    if works_at is not None and scaled[0] * scaled[1] > works_at:
        scaled = _scaled(scaled, works_at, multiple)
    return View(window=window, scaled=scaled, padded=(_up(scaled[0], multiple), _up(scaled[1], multiple)))


def show(picture: Image.Image, view: View) -> Image.Image:
    """The picture an engine is shown: `picture` itself when nothing has to be done to it. Padding mirrors the edge."""
    shown = picture if _is_whole(view, picture.size) else picture.crop(view.window)
    if not view.native:
        shown = shown.resize(view.scaled, Image.Resampling.LANCZOS)
    return shown if view.padded == view.scaled else _padded(shown, view.padded, mode="symmetric")


def show_mask(mask: Image.Image, view: View) -> Image.Image:
    """The same of a mask, mode L: 255 wherever any pixel may change, 0 in the padding."""
    shown = mask if _is_whole(view, mask.size) else mask.crop(view.window)
    if not view.native:
        shown = shown.resize(view.scaled, Image.Resampling.BOX).point(lambda value: 255 if value else 0)
    return shown if view.padded == view.scaled else _padded(shown, view.padded, mode="constant")


def put_back(source: Image.Image, answer: Image.Image, view: View) -> Image.Image:
    """The answer to `show(source, view)` in its place: size and mode of `source`, its other pixels as they were.

    An answer of the size that was shown is cut and, where nothing was scaled, kept bit for bit; one of another size is
    taken to show the same and resampled once (Lanczos). Transparency is the source's when the answer has none.
    """
    across, down = (have / had for have, had in zip(answer.size, view.padded, strict=True))
    part = (0.0, 0.0, view.scaled[0] * across, view.scaled[1] * down)  # without the padding
    window = (view.window.width, view.window.height)
    if answer.size == view.padded and view.native:
        part_shown = answer if view.padded == view.scaled else answer.crop((0, 0, *view.scaled))
    else:
        part_shown = answer.resize(window, Image.Resampling.LANCZOS, box=part)
    placed = _in_mode(part_shown, source, view.window)
    if _is_whole(view, source.size):
        return placed
    result = source.copy()
    result.paste(placed, (view.window.left, view.window.top))
    return result


def in_source(box: Box, view: View) -> Box:
    """A rectangle in what is shown, in pixels of the source: whatever it touches."""
    across, down = view.window.width / view.scaled[0], view.window.height / view.scaled[1]
    left, top, right, bottom = box.left * across, box.top * down, box.right * across, box.bottom * down
    return Box(
        view.window.left + int(left),
        view.window.top + int(top),
        min(view.window.right, view.window.left + math.ceil(right)),
        min(view.window.bottom, view.window.top + math.ceil(bottom)),
    )


def quoted(changes: Sequence[TextChange], lines: Sequence[TextLine]) -> Box | None:
    """The rectangle around all lines in which words stand that are to go; None unless each of `changes` has some."""
    found = [[line.box for line in lines if change.old and occurrences(change.old, line.text)] for change in changes]
    return around([box for boxes in found for box in boxes]) if found and all(found) else None


def _usual(region: Box, works_at: int, multiple: int) -> float:
    """Pixels of context on every side: a share of the region, less where with it more than `works_at` were shown."""
    half, spare = (region.width + region.height) / 2, works_at - region.width * region.height
    fitting = (math.sqrt(half**2 + max(0, spare)) - half) / 2  # of (width + 2 x) (height + 2 x) = works_at
    return max(LEAST_AROUND, min(AROUND * max(region.width, region.height), fitting - multiple / 2))


def _around(region: Box, margin: int, size: tuple[int, int], works_at: int, multiple: int) -> Box:
    """The window around a region and its margin, made less slender as far as it still fits."""
    width, height = (_up(side + 2 * margin, multiple) for side in (region.width, region.height))
    width = max(width, _up(min(int(height / MOST_ASPECT), works_at // height - multiple), multiple))
    height = max(height, _up(min(int(width / MOST_ASPECT), works_at // width - multiple), multiple))
    left, right = _span(region.left, region.right, width, size[0])
    top, bottom = _span(region.top, region.bottom, height, size[1])
    return Box(left, top, right, bottom)


def _span(start: int, end: int, wanted: int, limit: int) -> tuple[int, int]:
    """`wanted` pixels around those from `start` to `end`, moved to lie within 0..`limit`."""
    length = min(wanted, limit)
    first = min(max(0, (start + end - length) // 2), limit - length)
    return first, first + length


def _scaled(size: tuple[int, int], works_at: int, multiple: int) -> tuple[int, int]:
    """`size` made smaller, its shape kept, until with its padding it has at most `works_at` pixels."""
    scale = math.sqrt(works_at / (size[0] * size[1]))
    while True:
        width, height = (max(1, round(side * scale)) for side in size)
        if _up(width, multiple) * _up(height, multiple) <= works_at or max(width, height) <= multiple:
            return width, height
        scale *= 0.99


def _up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _padded(picture: Image.Image, size: tuple[int, int], *, mode: str) -> Image.Image:
    pixels = np.asarray(picture)
    beyond = ((0, size[1] - picture.height), (0, size[0] - picture.width), (0, 0))[: pixels.ndim]
    return Image.fromarray(np.pad(pixels, beyond, mode=mode))  # type: ignore[call-overload]  # a mode by name


def _is_whole(view: View, size: tuple[int, int]) -> bool:
    return (view.window.width, view.window.height) == size


def _in_mode(picture: Image.Image, source: Image.Image, window: Box) -> Image.Image:
    """`picture` in the mode of `source`; where that has transparency and the picture none, it is the source's."""
    if source.mode == "RGBA" and picture.mode != "RGBA":
        picture = picture.convert("RGB")
        picture.putalpha(source.getchannel("A").crop(window))
    return picture if picture.mode == source.mode else picture.convert(source.mode)
