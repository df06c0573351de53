"""What the checks look at: source and candidate side by side, prepared once and only as far as a check asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import deltaE_ciede2000

from tasks.domain.models import Box, CheckName, Contract, TextLine
from tasks.imaging.alignment import Motion, register
from tasks.imaging.area import Mask, Pixels, around, grown, lengths
from tasks.imaging.letterpair import LetterPair, letter_pair
from tasks.imaging.lines import as_quoted, found, holds, is_near

Plane = NDArray[np.float32]
Reader = Callable[[Image.Image], Sequence[TextLine]]
"""Gives the lines of text in a picture."""

SIDE = 512
"""Longest side, in pixels, at which pictures are compared: fine enough for lettering, fast enough for every attempt."""
SMOOTHING = 1.5
"""Gaussian blur (pixels at that size) before colours are compared, so that noise and resampling do not count."""
VISIBLE = 6.0
"""CIE76 difference of blurred pixels that a person sees side by side (just noticeable is about 2.3)."""
SOLID = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
"""What a change must hold to be one: thinner traces are edges that did not come out quite alike."""
STICKS_OUT = 0.06
"""Share of the picture by which a thing may stick out of the region that words point at."""
AGREED = 0.4
"""Share of textured blocks from which a motion is believed, and taken back before anything is compared."""
MEANT = 0.4
"""Share of a changed patch, or of a line, that must lie in the region for the whole of it to be meant."""


FURTHEST: Mapping[str, Callable[[TextLine], int]] = {
    "top": lambda line: line.box.top,
    "bottom": lambda line: -line.box.bottom,
    "left": lambda line: line.box.left,
    "right": lambda line: -line.box.right,
}
"""How to tell which of several equal lines lies furthest in a direction: the least."""


@dataclass(frozen=True)
class Evidence:
    """A source and a candidate of one size, what is demanded, and a reader for their text.

    `allowed` is H x W, true where the change belongs, or None when that is not known; `exact` says that it is a mask
    somebody painted rather than what words point at, which a thing may well stick out of.
    """

    source: Image.Image
    candidate: Image.Image
    contract: Contract
    allowed: Mask | None
    exact: bool
    read: Reader

    @cached_property
    def scale(self) -> float:
        """Compared pixels per pixel of the pictures, at most 1."""
        return min(1.0, SIDE / max(self.source.size))

    @cached_property
    def motion(self) -> Motion:
        """How the candidate lies on the source, in pixels of the compared size; text that is to change says nothing."""
        before, after = self._small
        return register(before, after, self._painted([line.box for line in (*self.old_lines, *self.new_lines)]))

    @cached_property
    def colours(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """RGB, 0..255, of source and candidate at the compared size, the candidate moved back onto the source."""
        before, after = self._small
        moved = self.motion.support >= AGREED
        return before, np.clip(self.motion.undo(after), 0, 255) if moved else after

    @cached_property
    def greys(self) -> tuple[Plane, Plane]:
        """Luma (ITU-R 601, 0..255) of the same."""
        before, after = (np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), np.float32) for each in self.colours)
        return before, after

    @cached_property
    def coherences(self) -> tuple[float, float]:
        """Correlation of horizontally neighbouring pixels of the same, -1..1; 1 for a flat picture."""
        before, after = (_coherence(grey) for grey in self.greys)
        return before, after

    @cached_property
    def labs(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """CIELAB of the same, slightly blurred, H x W x 3."""
        before, after = (
            np.asarray(cv2.GaussianBlur(cv2.cvtColor(each / np.float32(255), cv2.COLOR_RGB2Lab), (0, 0), SMOOTHING))
            for each in self.colours
        )
        return before.astype(np.float32, copy=False), after.astype(np.float32, copy=False)

    @cached_property
    def difference(self) -> Plane:
        """CIE76 colour difference of each pixel."""
        before, after = self.labs
        return lengths(after - before)

    @cached_property
    def perceived(self) -> Plane:
        """CIEDE2000 colour difference (Sharma, Wu and Dalal 2005) of every second pixel of every second row."""
        before, after = (lab[::2, ::2] for lab in self.labs)
        return np.asarray(deltaE_ciede2000(before, after), np.float32)

    @cached_property
    def changed(self) -> Mask:
        """Where the picture visibly changed, in solid patches."""
        visible = (self.difference > VISIBLE).astype(np.uint8)
        return np.asarray(cv2.morphologyEx(visible, cv2.MORPH_OPEN, SOLID), bool) & self.seen

    @cached_property
    def seen(self) -> Mask:
        """What both pictures show: not the border that moving the candidate back left empty."""
        motion, (height, width) = self.motion, self.greys[0].shape
        if motion.support < AGREED:
            return np.ones((height, width), bool)
        margin = int(np.ceil(motion.shift + abs(motion.zoom - 1) * max(height, width) / 2))
        inside = np.zeros((height, width), bool)
        inside[margin : height - margin, margin : width - margin] = True
        return inside

    @cached_property
    def region(self) -> Mask | None:
        """Where the change belongs, at the compared size: what is allowed, else where the text was and is.

        Words point roughly: a changed patch that mostly lies where they point belongs there as a whole.
        """
        lines = [*self.old_lines, *self.new_lines]
        if self.allowed is None and not lines:
            return None
        region = self._painted([line.box for line in lines])
        if self.allowed is not None and (self.exact or not self.old_lines):  # lettering says better than a rough place
            small = cv2.resize(self.allowed.astype(np.float32), self.size, interpolation=cv2.INTER_AREA) > 0
            region |= np.asarray(cv2.dilate(small.astype(np.uint8), SOLID), bool)
            if not self.exact:
                region |= self._patches_within(region)
        return region

    @cached_property
    def stays(self) -> Mask:
        """What is to stay as it was: all, but for a local edit all outside its region, known or shown by the change."""
        if CheckName.PRESERVED not in self.contract.checks:
            return self.seen
        region = self.changed if self.region is None else self.region
        outside = ~region & self.seen
        return outside if outside.mean() > 0.05 else np.ones_like(outside)

    @cached_property
    def source_lines(self) -> Sequence[TextLine]:
        """The lines of text in the source."""
        return self.read(self.source)

    @cached_property
    def candidate_lines(self) -> Sequence[TextLine]:
        """The lines of text in the candidate."""
        return self.read(self.candidate)

    @cached_property
    def old_lines(self) -> list[TextLine]:
        """Lines of the source that hold a text to be replaced or removed, where that may change."""
        changes = self.contract.text_changes
        if not any(change.old for change in changes):
            return []
        lines = found(self.source_lines, [change.old for change in changes if change.old])
        if len(lines) > 1 and self.contract.which is not None:
            return [min(lines, key=FURTHEST[self.contract.which])]
        return [line for line in lines if self.meant(line)] or lines

    @cached_property
    def new_lines(self) -> list[TextLine]:
        """Lines of the candidate that hold a text asked for, near the old ones where there are any."""
        changes = self.contract.text_changes
        if not any(change.new for change in changes):
            return []
        wanted = [change.new for change in changes if change.new]
        new = [as_quoted(line, text) for line in self.candidate_lines for text in wanted if holds(line, text)]
        return [line for line in new if is_near(line, self.old_lines)] if self.old_lines else new

    @cached_property
    def lettering(self) -> LetterPair | None:
        """The first old line and the new one in its place, told from their ground; None when there is neither."""
        old, new = (next(iter(lines), None) for lines in (self.old_lines, self.new_lines))
        if old is None and new is None:
            return None
        boxes = [line.box for line in (old, new) if line is not None]
        height = max(box.height for box in boxes)
        frame = grown(around(boxes), max(12, round(0.8 * height)), self.source.size)
        before = np.asarray(self.source.crop(frame), np.float32)
        return letter_pair(frame, before, np.clip(self.candidate_within(frame), 0, 255), old, new)

    def meant(self, line: TextLine) -> bool:
        """True when the line stands where the change belongs, or when that is not known."""
        if self.allowed is None:
            return True
        part = self.allowed[line.box.top : line.box.bottom, line.box.left : line.box.right]
        return bool(part.size) and float(part.mean()) >= MEANT

    def differs(self, box: Box) -> bool:
        """True when something visibly changed within a box of the source, the intended region apart."""
        left, top, right, bottom = (round(edge * self.scale) for edge in box)
        changed = self.changed if self.region is None else self.changed & ~self.region
        return bool(changed[top:bottom, left:right].any())

    def candidate_within(self, box: Box) -> Pixels:
        """The candidate's pixels where the source has `box`, moved back onto it, in full size."""
        if self.motion.support < AGREED:
            return np.asarray(self.candidate.crop(box), np.float32)
        linear, offset = self.motion.matrix[:, :2], self.motion.matrix[:, 2]
        centre = 0.5 / self.scale - 0.5  # pixel centres lie on whole numbers in both sizes
        moved = linear @ np.array([box.left - centre, box.top - centre]) + offset / self.scale + centre
        matrix = np.column_stack([linear, moved])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        size = (box.width, box.height)
        pixels = cv2.warpAffine(self._full, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(pixels, np.float32)

    @cached_property
    def _full(self) -> NDArray[np.uint8]:
        return np.asarray(self.candidate)

    def at_full_size(self, box: Box) -> Box:
        """A box of the compared size in pixels of the pictures."""
        return Box(*(round(edge / self.scale) for edge in box))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels, at which the pictures are compared."""
        return max(1, round(self.source.width * self.scale)), max(1, round(self.source.height * self.scale))

    @cached_property
    def _small(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        before, after = (
            np.asarray(picture.resize(self.size, Image.Resampling.BOX), np.float32)
            for picture in (self.source, self.candidate)
        )
        return before, after

    def _painted(self, boxes: Sequence[Box]) -> Mask:
        mask = np.zeros(self.size[::-1], dtype=bool)
        for box in boxes:
            room = grown(box, max(8, round(0.4 * box.height)), self.source.size)
            left, top, right, bottom = (round(edge * self.scale) for edge in room)
            mask[top:bottom, left:right] = True
        return mask

    def _patches_within(self, region: Mask) -> Mask:
        """The changed patches of which enough lies in `region`."""
        patches, count = ndimage.label(self.changed)
        if not count:
            return self.changed
        sizes = np.bincount(patches.ravel())[1:]
        inside = ndimage.mean(region, patches, np.arange(1, count + 1))
        outside = sizes * (1 - inside) / patches.size
        chosen = np.isin(patches, 1 + np.flatnonzero((inside >= MEANT) & (outside <= STICKS_OUT)))
        return np.asarray(cv2.dilate(chosen.astype(np.uint8), SOLID, iterations=2), bool)


def _coherence(grey: Plane) -> float:
    left, right = grey[:, :-1].ravel(), grey[:, 1:].ravel()
    if left.size < 2 or left.std() < 1e-3 or right.std() < 1e-3:
        return 1.0
    return float(np.corrcoef(left, right)[0, 1])
