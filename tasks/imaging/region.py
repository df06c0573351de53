"""Where in a picture an instruction points: a mask, a cell of the grid, a marked box, the background, a colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.measure import label, regionprops
from skimage.morphology import closing, disk, remove_small_holes, remove_small_objects

from tasks.domain.errors import RequestError
from tasks.domain.instruction import Action, Operation, parse, places
from tasks.imaging import palette
from tasks.imaging.area import Mask

ROWS, COLUMNS = {"top": 0, "bottom": 2}, {"left": 0, "right": 2}
"""Words of a place name and the third of the picture they stand for; a word that is missing means the whole axis."""

SIDE = 300
"""Longest side in pixels at which subject and background are told apart."""
GROUNDS = 5
"""Colours a background may have."""
STEEP = 8.0
"""CIELAB steps per pixel of that size that most of a subject's outline has; an outline drawn through fur has fewer."""
SOFT_RIM = 0.006
"""Share of the longer side over which a thing blends into its ground: anti-aliasing, a faint shadow."""
COMMONEST = 6
"""Exact colours looked at when a drawn box is sought."""


def locate(image: Image.Image, operation: Operation, mask: Mask | None) -> Mask | None:
    """H x W, true where the operation belongs; None when nothing says (then it may be anywhere).

    A mask decides alone. Raises `RequestError` when the words point at something that is not in the picture.
    """
    if mask is not None:
        return mask
    if operation.marked_by is not None:
        return marked(image, operation.marked_by)
    found: Mask | None = None
    if operation.place is not None:
        found = cell(image.size, operation.place, wide=operation.action is Action.ADD_TEXT)
    if operation.subject == "background":
        found = _both(found, background(image))
    elif operation.subject not in {None, "picture"}:
        things = coloured(image, str(operation.subject))
        found = _both(found, _with_rim(things) if operation.action is Action.REMOVE_OBJECT else things)
    return found


def pointed_at(image: Image.Image, prompt: str) -> Mask | None:
    """H x W, true where the words of `prompt` point; None when they do not say, or at nothing that is found.

    A place counts even when the rest of the instruction is outside the vocabulary.
    """
    operations = parse(prompt)
    try:
        if operations:
            return intended(image, operations)
    except RequestError:  # no such colour, no such box
        pass
    cells = [cell(image.size, place) for place in places(prompt)]
    return reduce(np.logical_or, cells) if cells else None


def intended(image: Image.Image, operations: Sequence[Operation]) -> Mask | None:
    """H x W, true where any of `operations` belongs; None when the words of one of them do not say.

    Raises `RequestError` when they point at something that is not in the picture.
    """
    regions = [locate(image, operation, None) for operation in operations]
    found = [region for region in regions if region is not None]
    return reduce(np.logical_or, found) if found and len(found) == len(operations) else None


def cell(size: tuple[int, int], place: str, *, wide: bool = False) -> Mask:
    """The third, or the ninth, of the picture a place names: 'top' is the upper third, 'top-left' its left third.

    `wide` cells are for lettering, which is wide: two thirds of the width at a side, all of it in the middle.
    """
    width, height = size
    found = np.zeros((height, width), dtype=bool)
    row = next((index for word, index in ROWS.items() if word in place), 1 if place == "center" else None)
    column = next((index for word, index in COLUMNS.items() if word in place), 1 if place == "center" else None)
    columns = _third(width, column)
    if wide:
        third = width // 3
        columns = slice(max(0, columns.start - third), min(width, columns.stop + third))
    found[_third(height, row), columns] = True
    return found


def marked(image: Image.Image, colour: str) -> Mask:
    """The inside of the box drawn in `colour`, without its outline; where there is none, all of a filled highlight.

    Among things of that colour a box is told by having exactly one colour. Raises `RequestError` without such a box.
    """
    worn = palette.wearing(image, colour)
    drawn = (*_uniform(image, worn), worn)
    for find in (_outlined, _highlighted):
        for one in drawn:
            if (found := find(one)) is not None:
                return found
    raise RequestError(f"no {colour} box found in the picture; mark the region with one, or give a mask")


def _uniform(image: Image.Image, where: Mask) -> Iterator[Mask]:
    """The pixels of each of the commonest exact colours of an RGB picture within `where`, commonest first."""
    pixels = np.asarray(image.convert("RGB"))
    colours, counts = np.unique(pixels[where], axis=0, return_counts=True)
    for colour in colours[np.argsort(-counts)[:COMMONEST]]:
        yield where & (pixels == colour).all(axis=-1)


def _outlined(drawn: Mask) -> Mask | None:
    """The inside of the largest box outlined by what is `drawn`, off the soft rim of its line; None without one."""
    for part in _boxes(drawn):
        inside = ndimage.binary_fill_holes(part.image) & ~(part.image | drawn[part.slice])
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if inside.mean() > 0.2 and inside[rows[0] : rows[-1], columns[0] : columns[-1]].mean() > 0.85:
            return _placed(part, ndimage.binary_erosion(inside, iterations=2), drawn.shape)
    return None


def _highlighted(drawn: Mask) -> Mask | None:
    """All of the largest box-shaped patch of what is `drawn`, lettering on it included; None without one."""
    return next((_placed(part, ndimage.binary_fill_holes(part.image), drawn.shape) for part in _boxes(drawn)), None)


def _boxes(drawn: Mask) -> list[Any]:
    """The box-shaped patches of what is `drawn`, largest first."""
    least = 0.0005 * drawn.size
    parts = regionprops(label(closing(drawn, disk(2))))
    boxes = [part for part in parts if part.area_bbox > least and min(part.image.shape) >= 8 and _is_box(part.image)]
    return sorted(boxes, key=lambda part: -part.area_bbox)


def _placed(part: Any, shape: Mask, size: tuple[int, ...]) -> Mask:  # noqa: ANN401  regionprops carry no types
    found = np.zeros(size, dtype=bool)
    found[part.slice] = shape
    return found


def coloured(image: Image.Image, colour: str) -> Mask:
    """The things of a colour: its coherent patches without small specks. Raises `RequestError` when there are none."""
    found = closing(palette.wearing(image, colour), disk(2))
    least = max(12, int(0.0004 * found.size))
    found = remove_small_holes(remove_small_objects(found, max_size=least), max_size=least)
    if not found.any():
        raise RequestError(f"nothing {colour} found in the picture; name another colour or place, or give a mask")
    parts = label(found)
    sizes = np.bincount(parts.ravel())[1:]
    return np.isin(parts, 1 + np.flatnonzero(sizes >= 0.08 * sizes.max()))


def _with_rim(things: Mask) -> Mask:
    """The things with all they frame and the soft rim where they blend into their ground."""
    width = max(4, round(SOFT_RIM * max(things.shape)))
    return ndimage.binary_dilation(ndimage.binary_fill_holes(things), iterations=width)


def background(image: Image.Image) -> Mask:
    """Everything but the subject.

    The ground is modelled by the colours along the border (a mixture of at most five); what differs from it and stands
    together is a first guess of the subject, which GrabCut (Rother, Kolmogorov and Blake, 2004) refines. Raises
    `RequestError` when nothing stands out or nothing is left as ground.
    """
    scale = min(1.0, SIDE / max(image.size))
    small = image.convert("RGB").resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
    lab = ndimage.gaussian_filter(rgb2lab(np.asarray(small)), (1, 1, 0))
    rim = max(2, round(0.03 * max(small.size)))
    border = np.ones(lab.shape[:2], dtype=bool)
    border[rim:-rim, rim:-rim] = False
    apart = _distance_to(lab, palette.main_colours(lab[border], GROUNDS))
    ground = apart < max(12.0, float(np.percentile(apart[border], 90)))
    parts = label(ground)
    touching = np.unique(parts[border & ground])
    ground = np.isin(parts, touching[touching > 0])
    guess = remove_small_objects(closing(~ground, disk(3)), max_size=int(0.01 * ground.size))
    guess = ndimage.binary_fill_holes(guess)
    subject = _cut_out(np.asarray(small), guess, border) if guess.any() else guess
    if not 0.01 < subject.mean() < 0.95 or _steepness_around(subject, lab) < STEEP:
        raise RequestError("cannot tell subject from background in this picture; give a mask, white on the background")
    large = Image.fromarray(subject).resize(image.size, Image.Resampling.BILINEAR)
    return ~np.asarray(large)


def _cut_out(pixels: NDArray[np.uint8], guess: Mask, border: Mask) -> Mask:
    """The subject after GrabCut, from a guess of it; what lies along the border is ground. Without small specks."""
    import cv2  # noqa: PLC0415  large, and only this needs it

    labels = np.where(guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[border] = cv2.GC_BGD
    cv2.setRNGSeed(0)
    ground, figure = np.zeros((1, 65)), np.zeros((1, 65))  # the colour models, for OpenCV to fill
    cv2.grabCut(pixels[..., ::-1].copy(), labels, (0, 0, 0, 0), ground, figure, 6, cv2.GC_INIT_WITH_MASK)
    cut = (labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)
    return ndimage.binary_fill_holes(remove_small_objects(cut, max_size=int(0.005 * cut.size)))


def _steepness_around(subject: Mask, lab: NDArray[np.float64]) -> float:
    """30th percentile over the subject's outline of the steepest colour change within two pixels of it."""
    steps = [ndimage.sobel(plane, axis) / 8 for plane in np.moveaxis(lab, -1, 0) for axis in (0, 1)]
    steepest = ndimage.maximum_filter(np.linalg.norm(steps, axis=0), 5)
    outline = subject & ~ndimage.binary_erosion(subject, border_value=1)
    return float(np.percentile(steepest[outline], 30)) if outline.any() else 0.0


def _both(first: Mask | None, second: Mask) -> Mask:
    both = second if first is None else first & second
    if not both.any():
        raise RequestError("nothing of that kind is at that place in the picture; name another place or give a mask")
    return both


def _third(length: int, index: int | None) -> slice:
    """The third of an axis by its number, never empty; all of it without one."""
    if index is None:
        return slice(0, length)
    start = length * index // 3
    return slice(start, max(start + 1, length * (index + 1) // 3))


def _is_box(shape: Mask) -> bool:
    """True when the outer edges of a patch are mostly straight: it fills the rim of its own bounding box."""
    filled = ndimage.binary_fill_holes(shape)
    return bool(filled.mean() > 0.85)


def _distance_to(lab: NDArray[np.float64], grounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE76 distance of each pixel to the nearest ground colour."""
    return np.asarray(np.min([np.sqrt(((lab - colour) ** 2).sum(-1)) for colour in grounds], axis=0))
