"""Everything a local edit did not touch, put back bit for bit at the source's own resolution.

A model gives back about one megapixel, moved, tinted, softened and noisy. Candidate and source are laid on each other,
what differs by more than that is the change, and only the change is taken from the candidate. A change of everything
(a style, a season, a filter) must never be undone: it shows in what lies outside the change, and passes untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import remove_small_holes, remove_small_objects

from tasks.domain.errors import MaskError
from tasks.domain.models import Box, Preservation
from tasks.imaging.alignment import Motion, register
from tasks.imaging.area import Mask, Pixels, bounding_box, window

Plane = NDArray[np.float32]
"""H x W."""

WORK_PIXELS = 1_200_000
"""Pixels of the pictures compared; models give one megapixel, larger candidates are made smaller to be compared."""
LOW_PASS = 1.5
"""Standard deviation in pixels of the blur before colours are compared: noise and small errors of framing go."""
STEP = 6
"""Every sixth pixel each way is enough to fit colours and to tell what is usual."""

WHITE = 235.0
"""Grey levels from which the brightest of a candidate is its white: everything brighter in the source became that."""

SURE, LIKELY = 7.0, 4.0
"""Times the usual difference at that texture from which a pixel has changed, and from which it has beside one."""
VISIBLE = 3.5
"""CIELAB steps from which a pixel has changed, however still the rest is; beside one, half of it."""
FLOOR = 0.15
"""CIELAB steps of difference that are usual even in the stillest picture: rounding and compression."""
LEVELS = 16
"""Steps of texture, equally many pixels in each, for which the usual difference is told."""
STILL_SHARE = 0.3
"""Share of the pixels of every level that a local change leaves alone: their difference is the usual one."""
SPECK, HOLE = 1e-4, 5e-4
"""Shares of the picture: smaller changes are noise, smaller gaps in a change belong to it."""
GAP, MARGIN = 2, 3
"""Pixels: gaps of twice that close, and a change reaches that far beyond what has visibly changed."""
FEATHER = 3.0
"""Pixels of the compared pictures, inside the mask, over which source turns into edit."""

FITS, LEAST = 10, 50
"""Times the tint is fitted, each to the pixels the last one fits best, and the pixels it takes."""
EVEN = 5.0
"""Standard deviation in grey levels of a channel of which half a gain is believed: even ones tell only a bias."""

DRIFT_ZOOM, DRIFT_SHIFT, DRIFT_ROTATION = 0.05, 0.05, 2.0
"""Framing as models drift, with room: zoom from 1, shift in longer sides, degrees; more has been asked for."""
DRIFT_GAIN, DRIFT_BIAS = 0.055, 12.0
"""Tints as models drift (about 0.04 and 9): the gain from 1, the change of mid grey in levels of 255."""
DETAIL, ALIKE = (0.65, 1.2), 0.93
"""Contrast of fine detail outside the change in parts of the source's, and its correlation: models give 0.8 to 1.01
and 0.98; blurred, painted, sharpened pictures do not."""
DETAIL_SIZE, DETAIL_LEVEL = 3.0, 2.0
"""Standard deviation in pixels of the blur that removes detail, and the grey levels by which detail stands out."""
EXPLAINED = 0.85
"""What a common change of colours leaves of the difference outside the change: models 0.95 to 1, looks 0.1 to 0.8."""
NOISE, WORST_NOISE = 1.3, 3.0
"""CIELAB difference outside the change, median and ninth decile: models 0.5 to 1, and 0.9 to 2."""
MOST = 0.6
"""Largest share of the picture a local change has."""
RECOGNISABLE = 0.7
"""Correlation of brightness outside a given mask from which a candidate that cannot be registered is the same picture:
of very blurred ones 0.95, of others 0 to 0.6."""
GRID, PLACES, RIVAL = 24, 4, 0.1
"""Cells a side of a grid over the picture, the separate groups of them that a local change touches at most, and the
share of the largest from which a group counts."""

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


class Tint(NamedTuple):
    """What brings a candidate's colours to the source's: three gains, and three biases in grey levels."""

    gain: Pixels
    bias: Pixels

    def undo(self, colours: Pixels) -> Pixels:
        """The colours (... x 3) as the source would have them, 0..255."""
        return np.clip(colours * self.gain + self.bias, 0, 255).astype(np.float32)

    @property
    def is_drift(self) -> bool:
        """True when a model may have done this unasked."""
        middle = self.gain * 128 + self.bias - 128
        return bool(np.abs(self.gain - 1).max() <= DRIFT_GAIN and np.abs(middle).max() <= DRIFT_BIAS)


NO_TINT = Tint(np.ones(3, np.float32), np.zeros(3, np.float32))


class Laid(NamedTuple):
    """Source and candidate laid on each other, low-passed; `covered` is true where both show the same place."""

    before: Pixels
    after: Pixels
    covered: Mask
    tint: Tint
    difference: Plane


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
    laid = _lay(before, motion.undo(after), _covered((height, width), motion), allowed)

    # 3. where the change is, 4. whether it is a local one
    change = _change(laid) if allowed is None else allowed
    outside = laid.covered & ~_spread(change, MARGIN)
    reason = _why_not(laid, motion, change, outside) if allowed is None else _why_incomparable(laid, motion, outside)
    scale = source.width / width
    drift = {"shift_px": motion.shift * scale, "zoom": motion.zoom}
    if reason:
        return Preserved(_fitting(edited, source), None, Preservation(applied=False, reason=reason, **drift))

    # 5. the change, and only that, at the source's resolution
    region = change if allowed is not None else _spread(change, MARGIN) & laid.covered
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
        changed[top : top + BAND] = (before != after).any(axis=-1)
        telling = _tiled((before > 3) & (before < 252)).any(axis=(1, 3, 4))
        own += int(np.count_nonzero(telling & (_tiled(before) == _tiled(after)).all(axis=(1, 3, 4))))
        squares += int(np.count_nonzero(telling))
    return changed if own > OWN * squares or not changed.any() else None


def _tiled(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    """Rows of squares x TILE x squares of a row x TILE x 3; what fills no square is left out."""
    rows, columns = (length // TILE for length in samples.shape[:2])
    return samples[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE, 3)


def _kept(source: Image.Image, edited: Image.Image, changed: Mask, mask: Mask | None) -> Preserved:
    """The edit by an engine that left everything else alone, within the mask if there is one."""
    if not changed.any():
        reason = "no local change found: the edit is the source"
        return Preserved(_fitting(edited, source), None, Preservation(applied=False, reason=reason))
    if mask is None or not (changed & ~mask).any():
        return _reported(source, edited.convert("RGB"), changed, "the engine left everything else as it was")
    image = Image.composite(edited.convert("RGB"), source.convert("RGB"), Image.fromarray(mask))
    return _reported(source, image, changed & mask, "the mask was left to the edit")


def _reported(source: Image.Image, image: Image.Image, used: Mask, reason: str, **drift: float) -> Preserved:
    box = bounding_box(used)
    before, after = (np.asarray(picture.crop(box).convert("RGB")) for picture in (source, image))
    other = np.count_nonzero((before != after).any(axis=-1))
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


def _spread(mask: Mask, reach: int) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), _round(reach)).astype(bool)


def _round(reach: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)), dtype=np.uint8)


def _blurred(picture: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float32)


def _covered(shape: tuple[int, int], motion: Motion) -> Mask:
    """True where the candidate shows what the source shows there, and not the repeated border."""
    y, x = np.indices(shape, dtype=np.float32)
    inside = np.ones(shape, dtype=bool)
    for row, length in zip(motion.matrix, shape[::-1], strict=True):
        there = row[0] * x + row[1] * y + row[2]
        inside &= (there > -0.5) & (there < length - 0.5)
    return inside


def _lay(before: Pixels, after: Pixels, covered: Mask, allowed: Mask | None) -> Laid:
    """Source and candidate, both moved to the same place, with the candidate's tint and their difference in CIELAB."""
    smooth, other = (_blurred(picture, LOW_PASS) for picture in (before, after))
    fit = covered if allowed is None else covered & ~allowed
    tint = _tint(other[::STEP, ::STEP], smooth[::STEP, ::STEP], fit[::STEP, ::STEP])
    # what is too bright or too dark for the candidate to show in its tint is no difference
    white = other.max(axis=(0, 1))
    ends = np.stack([np.zeros(3, np.float32), np.where(white > WHITE, white, np.float32(255))])
    darkest, brightest = tint.undo(ends)
    shown = np.clip(smooth, darkest, brightest), tint.undo(other)
    one, two = (cv2.cvtColor(colours / np.float32(255), cv2.COLOR_RGB2LAB) for colours in shown)
    return Laid(smooth, other, covered, tint, np.linalg.norm(one - two, axis=-1))


def _tint(colours: Pixels, aims: Pixels, where: Mask) -> Tint:
    """The tint most pixels agree on: least squares trimmed to the better half, beginning with no tint at all."""
    x, y = (picture[where].astype(np.float64) for picture in (colours, aims))
    gain, bias = np.ones(3), np.zeros(3)
    for _ in range(FITS if len(x) >= LEAST else 0):
        off = np.abs(x * gain + bias - y).sum(axis=1)
        best = off <= np.median(off)
        here, there = x[best], y[best]
        spread = here.var(axis=0)
        shared = ((here - here.mean(axis=0)) * there).mean(axis=0)
        gain = (shared + EVEN**2) / (spread + EVEN**2)
        bias = there.mean(axis=0) - gain * here.mean(axis=0)
    return Tint(gain.astype(np.float32), bias.astype(np.float32))


def _change(laid: Laid) -> Mask:
    """Where the candidate differs by more than is usual at that texture, without specks and small gaps."""
    significance = laid.difference / (_usual(laid) + FLOOR)
    sure = (significance > SURE) & (laid.difference > VISIBLE)
    likely = (significance > LIKELY) & (laid.difference > VISIBLE / 2)
    found = apply_hysteresis_threshold(likely.astype(np.uint8) + (sure & likely), 0.5, 1.5) & laid.covered
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, _round(GAP)).astype(bool)
    found = remove_small_objects(found, max_size=int(SPECK * found.size))
    return np.asarray(remove_small_holes(found, max_size=int(HOLE * found.size)), dtype=bool)


def _usual(laid: Laid) -> Plane:
    """The difference that is usual at each pixel's texture, in CIELAB steps: a low quantile, deaf to the change."""
    grey = cv2.cvtColor(laid.before, cv2.COLOR_RGB2GRAY)
    slopes = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    texture = _blurred(np.hypot(*slopes), 2)
    seen = laid.covered[::STEP, ::STEP]
    textures, differences = (plane[::STEP, ::STEP][seen] for plane in (texture, laid.difference))
    if not textures.size:
        return np.zeros_like(texture)
    groups = np.array_split(np.argsort(textures), min(LEVELS, textures.size))
    levels = [np.median(textures[group]) for group in groups]
    usual = [np.quantile(differences[group], STILL_SHARE) for group in groups]
    return np.interp(texture, levels, usual).astype(np.float32)


def _why_not(laid: Laid, motion: Motion, change: Mask, outside: Mask) -> str:
    """What shows that the edit is not a local one; nothing when it is."""
    if change.mean() > MOST or not outside.any():
        return "most of the picture changed"
    contrast, alike = _detail(laid, outside)
    signs = {
        "the framing changed": abs(motion.zoom - 1) > DRIFT_ZOOM
        or motion.shift > DRIFT_SHIFT * max(change.shape)
        or abs(motion.rotation) > DRIFT_ROTATION,
        "the colours changed everywhere": not laid.tint.is_drift or _unexplained(laid, outside) < EXPLAINED,
        "fine detail changed everywhere": not DETAIL[0] <= contrast <= DETAIL[1] or alike < ALIKE,
        "the picture changed everywhere": _noise(laid, outside) > NOISE
        or _noise(laid, outside, 0.9) > WORST_NOISE
        or _places(change) > PLACES,
        "no local change found": not change.any(),
    }
    return next((reason for reason, shows in signs.items() if shows), "")


def _why_incomparable(laid: Laid, motion: Motion, outside: Mask) -> str:
    """What shows that the candidate is another picture altogether; nothing when it is not."""
    if motion.support or _noise(laid, outside) < NOISE:
        return ""
    one, two = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[outside] for picture in (laid.before, laid.after))
    likeness = np.cov(one, two)
    other = likeness[0, 1] < RECOGNISABLE * np.sqrt(likeness[0, 0] * likeness[1, 1])
    return "the edit shows another picture" if other else ""


def _noise(laid: Laid, outside: Mask, share: float = 0.5) -> float:
    """The difference that this share of the pixels outside the change does not exceed, in CIELAB steps."""
    return float(np.quantile(laid.difference[outside][::STEP], share)) if outside.any() else 0.0


def _detail(laid: Laid, outside: Mask) -> tuple[float, float]:
    """Contrast of the candidate's fine detail in parts of the source's, and their correlation; 1 and 1 without any."""
    fine = (picture - _blurred(picture, DETAIL_SIZE) for picture in (laid.before, laid.after))
    one, two = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in fine)
    rich = outside & (np.abs(one) > DETAIL_LEVEL)
    if rich.mean() < 0.002:
        return 1.0, 1.0
    x, y = one[rich], two[rich]
    return float(np.median(y / x)), float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum() + 1e-9))


def _unexplained(laid: Laid, outside: Mask) -> float:
    """What a change of colours common to all pixels leaves of the difference outside the change, 0..1 or little above.

    The change is any quadratic function of red, green and blue: saturation, sepia, curves. One grey level a channel is
    added on both sides, so that exact candidates compare as well.
    """
    where = outside[::STEP, ::STEP]
    x, y = (picture[::STEP, ::STEP][where] / np.float32(255) for picture in (laid.before, laid.after))
    red, green, blue = x.T
    terms = np.column_stack([np.ones(len(x)), x, x * x, red * green, green * blue, blue * red])
    off = np.abs(laid.tint.undo(y * np.float32(255)) / 255 - x).sum(axis=1)
    left = off
    for _ in range(4):
        best = left <= np.quantile(left, 0.8)
        left = np.abs(terms @ np.linalg.lstsq(terms[best], y[best])[0] - y).sum(axis=1)
    return float((np.median(left) + 3 / 255) / (np.median(off) + 3 / 255))


def _places(change: Mask) -> int:
    """Separate places of a change, by groups of touching cells of a grid; much smaller ones do not count."""
    cells = cv2.resize(change.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    groups, count = ndimage.label(cells > 0, np.ones((3, 3)))
    sizes = ndimage.sum_labels(cells, groups, np.arange(1, count + 1))
    return int((sizes > RIVAL * sizes.max(initial=0)).sum())


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
