"""Everything a local edit did not touch, put back bit for bit at the source's own resolution.

A model gives back about one megapixel, moved, tinted, softened and noisy. Candidate and source are laid on each other,
what differs by more than that is the change, and only the change is taken from the candidate. A change of everything
(a style, a season, a filter) must never be undone: it shows in what lies outside the change, and passes untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.domain.errors import MaskError
from tasks.domain.models import Box, Preservation
from tasks.imaging.alignment import Motion, register
from tasks.imaging.area import Mask, Pixels, bounding_box, differing, in_any_channel, window
from tasks.imaging.change import MARGIN, NO_TINT, Plane, Tint, change_of, lay, spread
from tasks.imaging.locality import why_incomparable, why_not_local

WORK_PIXELS = 1_200_000
"""Pixels of the pictures compared; models give one megapixel, larger candidates are made smaller to be compared."""


FEATHER = 3.0
"""Pixels of the compared pictures, inside the mask, over which source turns into edit."""


BAND = 512
"""Rows looked at or composited at a time, so that large sources need little memory."""
TILE, OWN = 16, 0.05
"""Side of squares in pixels, and the share of them that equals the source bit for bit from which an engine is taken to
have worked on the source's own pixels; models leave none. Black and white ones do not count."""


@dataclass(frozen=True)
class Preserved:
    """A candidate with the source put back around its change.

    `image` has the source's size, mode and transparency. `mask` is H x W at that size, true where pixels come from the
    edit - all others are the source's, bit for bit; None when nothing was put back.
    """

    image: Image.Image
    mask: Mask | None
    report: Preservation


def preserve(source: Image.Image, edited: Image.Image, mask: Mask | None = None) -> Preserved:
    """The edit where it changed something, the source's own pixels everywhere else.

    `mask` (H x W of the source) says where the edit may be, and is final; without one, the change is found. When the
    change is not a local one, the edit passes as it is, at the source's size, and the report says why. Raises
    `MaskError` when the mask is of another size or selects nothing.
    """
    if mask is not None and mask.shape != source.size[::-1]:
        sizes = f"{mask.shape[1]} x {mask.shape[0]}, the picture is {source.width} x {source.height}"
        raise MaskError(f"mask is {sizes}: make them the same size")
    if mask is not None and not mask.any():
        raise MaskError("mask selects nothing: mark where the edit may change pixels")
    if (changed := _changed_by_hand(source, edited)) is not None:
        return _kept(source, edited, changed, mask)

    # 1. both at the candidate's size, 2. laid on each other
    width, height = _work_size(edited.size)
    before, after = (_pixels(picture, (width, height)) for picture in (source, edited))
    motion = register(before, after)
    allowed = None if mask is None else _shrunk(mask, (width, height))
    laid = lay(before, motion.undo(after), _covered((height, width), motion), allowed)

    # 3. where the change is, 4. whether it is a local one
    change = change_of(laid) if allowed is None else allowed
    outside = laid.covered & ~spread(change, MARGIN)
    reason = (
        why_not_local(laid, motion, change, outside) if allowed is None else why_incomparable(laid, motion, outside)
    )
    scale = source.width / width
    drift = {"shift_px": motion.shift * scale, "zoom": motion.zoom}
    if reason:
        return Preserved(_fitting(edited, source), None, Preservation(applied=False, reason=reason, **drift))

    # 5. the change, and only that, at the source's resolution
    region = change if allowed is not None else spread(change, MARGIN) & laid.covered
    alpha = np.clip(cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5) / FEATHER, 0, 1)
    tint = laid.tint if laid.tint.is_drift else NO_TINT
    image, used = _composite(source, edited, alpha, motion, tint, mask)
    reason = "the mask was left to the edit" if mask is not None else "a local change was found, the rest put back"
    return _reported(source, image, used, reason, **drift)


def _changed_by_hand(source: Image.Image, edited: Image.Image) -> Mask | None:
    """What differs at all, when an engine worked on the source's own pixels; None when it made new ones."""
    if edited.size != source.size:
        return None
    changed = np.empty(source.size[::-1], dtype=bool)
    own, squares = 0, 0
    for top in range(0, source.height, BAND):
        box = (0, top, source.width, min(top + BAND, source.height))
        before, after = (np.asarray(picture.crop(box).convert("RGB")) for picture in (source, edited))
        changed[top : top + BAND] = differing(before, after)
        telling = _in_squares(in_any_channel((before > 3) & (before < 252)))
        own += int(np.count_nonzero(telling & ~_in_squares(changed[top : top + BAND])))
        squares += int(np.count_nonzero(telling))
    return changed if own > OWN * squares or not changed.any() else None


def _in_squares(found: Mask) -> Mask:
    """Rows x columns of squares of `TILE`: true where any pixel of one is; what fills no square is left out."""
    rows, columns = (length // TILE for length in found.shape)
    squares = found[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    return np.asarray(squares.any(axis=1).any(axis=-1))


def _kept(source: Image.Image, edited: Image.Image, changed: Mask, mask: Mask | None) -> Preserved:
    """The edit by an engine that left everything else alone, within the mask if there is one."""
    if not changed.any():
        reason = "no local change found: the edit is the source"
        report = Preservation(applied=False, reason=reason, changed_fraction=0.0, exact_fraction=1.0)
        return Preserved(_fitting(edited, source), None, report)
    if mask is None or not (changed & ~mask).any():
        return _reported(source, edited.convert("RGB"), changed, "the engine left everything else as it was")
    image = Image.composite(edited.convert("RGB"), source.convert("RGB"), Image.fromarray(mask))
    return _reported(source, image, changed & mask, "the mask was left to the edit")


def _reported(source: Image.Image, image: Image.Image, used: Mask, reason: str, **drift: float) -> Preserved:
    box = bounding_box(used)
    before, after = (np.asarray(picture.crop(box).convert("RGB")) for picture in (source, image))
    other = np.count_nonzero(differing(before, after))
    report = Preservation(
        applied=True,
        reason=reason,
        changed_fraction=float(used.mean()),
        exact_fraction=float(1 - other / used.size),
        **drift,
    )
    return Preserved(_fitting(image, source), used, report)


def _fitting(picture: Image.Image, source: Image.Image) -> Image.Image:
    """`picture` in the size and mode of the source, with the source's transparency."""
    colours = picture.convert("RGB")
    if colours.size != source.size:
        colours = colours.resize(source.size, Image.Resampling.LANCZOS)
    if source.mode == "RGBA":
        colours.putalpha(source.getchannel("A"))
    return colours if colours.mode == source.mode else colours.convert(source.mode)


def _work_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, (WORK_PIXELS / (size[0] * size[1])) ** 0.5)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _pixels(picture: Image.Image, size: tuple[int, int]) -> Pixels:
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS), dtype=np.float32)


def _shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at another size, true where any of it is."""
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0


def _covered(shape: tuple[int, int], motion: Motion) -> Mask:
    """True where the candidate shows what the source shows there, and not the repeated border."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    inside = np.ones(shape, dtype=bool)
    for row, length in zip(motion.matrix, shape[::-1], strict=True):
        there = row[0] * x + row[1] * y + row[2]
        inside &= (there > -0.5) & (there < length - 0.5)
    return inside


def _between(size: tuple[int, int], other: tuple[int, int]) -> NDArray[np.float64]:
    """3 x 3: from pixels of a picture to those of the same picture at another size."""
    ratios = np.divide(other, size)
    matrix = np.diag([*ratios, 1.0])
    matrix[:2, 2] = ratios / 2 - 0.5
    return matrix


def _enlarged(box: Box, size: tuple[int, int], other: tuple[int, int]) -> Box:
    """`box` at another size of its picture, with a pixel of the old size around it."""
    x, y = np.divide(other, size)
    return Box(
        max(0, int((box.left - 1) * x)),
        max(0, int((box.top - 1) * y)),
        min(other[0], int((box.right + 1) * x) + 1),
        min(other[1], int((box.bottom + 1) * y) + 1),
    )


def _sampled(picture: Plane | NDArray[np.uint8], matrix: NDArray[np.float64], box: Box, how: int) -> Pixels:
    """What `picture` has at `matrix @ (x, y, 1)` for every pixel of `box`."""
    corner = np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]])
    size, flags = (box.width, box.height), how | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(picture, (matrix @ corner)[:2], size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.float32)


def _composite(
    source: Image.Image, edited: Image.Image, alpha: Plane, motion: Motion, tint: Tint, mask: Mask | None
) -> tuple[Image.Image, Mask]:
    """The edit over the source as far as `alpha` (0..1 at the compared size) says, and where that is above 0."""
    size = alpha.shape[::-1]
    candidate = edited if edited.width <= source.width else edited.resize(source.size, Image.Resampling.LANCZOS)
    colours = np.asarray(candidate.convert("RGB"))
    to_alpha = _between(source.size, size)
    to_colours = _between(size, candidate.size) @ np.vstack([motion.matrix, (0, 0, 1)]) @ to_alpha
    result, used = np.array(source.convert("RGB")), np.zeros(source.size[::-1], dtype=bool)
    box = _enlarged(bounding_box(alpha > 0), size, source.size)
    for top in range(box.top, box.bottom, BAND):
        part = box._replace(top=top, bottom=min(top + BAND, box.bottom))
        weight = _sampled(alpha, to_alpha, part, cv2.INTER_LINEAR)
        if mask is not None:
            weight = weight * window(mask, part)
        on = weight > 0
        weights, below = weight[on][:, None], window(result, part)
        above = tint.undo(_sampled(colours, to_colours, part, cv2.INTER_CUBIC)[on])
        below[on] = np.rint(weights * above + (1 - weights) * below[on]).astype(np.uint8)
        window(used, part)[:] = on
    return Image.fromarray(result), used
