"""What the checks look at: source and candidate side by side, prepared once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from tasks.domain.models import Box, Contract, TextChange, TextLine
from tasks.domain.wording import normalise
from tasks.imaging.area import Mask

Plane = NDArray[np.float32]

SIDE = 512
"""Longest side, in pixels, at which pictures are compared: fine enough for lettering, fast enough for every attempt."""
SMOOTHING = 1.5
"""Gaussian blur (pixels at that size) before colours are compared, so that noise and resampling do not count."""


@dataclass(frozen=True)
class Evidence:
    """A source and a candidate of one size, the plan, and the lines of text read in both."""

    source: Image.Image
    candidate: Image.Image
    contract: Contract
    allowed: Mask | None
    source_lines: Sequence[TextLine]
    candidate_lines: Sequence[TextLine]

    @cached_property
    def scale(self) -> float:
        """Compared pixels per pixel of the pictures, at most 1."""
        return min(1.0, SIDE / max(self.source.size))

    @cached_property
    def greys(self) -> tuple[Plane, Plane]:
        """Luma (ITU-R 601, 0..255) of source and candidate at the compared size."""
        return tuple(  # type: ignore[return-value]  # always two
            np.asarray(self._small(picture).convert("L"), dtype=np.float32) for picture in (self.source, self.candidate)
        )

    @cached_property
    def labs(self) -> tuple[Plane, Plane]:
        """CIELAB of source and candidate, slightly blurred, H x W x 3."""
        return tuple(  # type: ignore[return-value]  # always two
            ndimage.gaussian_filter(
                rgb2lab(np.asarray(self._small(picture))).astype(np.float32), (SMOOTHING, SMOOTHING, 0)
            )
            for picture in (self.source, self.candidate)
        )

    @cached_property
    def difference(self) -> Plane:
        """CIE76 colour difference of each pixel."""
        before, after = self.labs
        distance: Plane = np.sqrt(((after - before) ** 2).sum(-1))
        return distance

    @cached_property
    def region(self) -> Mask | None:
        """Where the change belongs, at the compared size: the plan's region, else where the text was and is."""
        if self.allowed is not None:
            small = Image.fromarray(self.allowed).convert("L").resize(self._size, Image.Resampling.BOX)
            return ndimage.binary_dilation(np.asarray(small) > 0, iterations=2)
        boxes = [line.box for line in (*self.old_lines, *self.new_lines)]
        return self._painted(boxes) if boxes else None

    @cached_property
    def old_lines(self) -> list[TextLine]:
        """Lines of the source that hold a text to be replaced or removed."""
        return [
            line for line in self.source_lines if any(holds(line, change.old) for change in self.contract.text_changes)
        ]

    @cached_property
    def new_lines(self) -> list[TextLine]:
        """Lines of the candidate that hold a text asked for, near the old ones where there are any."""
        new = [line for line in self.candidate_lines if any(holds(line, c.new) for c in self.contract.text_changes)]
        return [line for line in new if is_near(line, self.old_lines)] if self.old_lines else new

    @property
    def _size(self) -> tuple[int, int]:
        return max(1, round(self.source.width * self.scale)), max(1, round(self.source.height * self.scale))

    def _small(self, picture: Image.Image) -> Image.Image:
        """The picture at the compared size, RGB; transparency lies on mid grey."""
        if picture.mode == "RGBA":
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, (128, 128, 128, 255)), picture)
        return picture.convert("RGB").resize(self._size, Image.Resampling.BOX)

    def _painted(self, boxes: Sequence[Box]) -> Mask:
        mask = np.zeros(self._size[::-1], dtype=bool)
        for box in boxes:
            margin = max(8, round(0.4 * box.height))
            left, top, right, bottom = (
                round(edge * self.scale)
                for edge in (box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)
            )
            mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
        return mask


def holds(line: TextLine, text: str | None) -> bool:
    """True when any reading of the line holds the text, letters and digits compared."""
    wanted = normalise(text or "")
    return bool(wanted) and any(wanted in normalise(reading) for reading in (line.text, *line.alternatives))


def is_near(line: TextLine, others: Sequence[TextLine]) -> bool:
    """True when the line overlaps one of `others`, each grown by its own height."""
    return any(
        line.box.left < other.box.right + other.box.height
        and line.box.right > other.box.left - other.box.height
        and line.box.top < other.box.bottom + other.box.height
        and line.box.bottom > other.box.top - other.box.height
        for other in others
    )


def remaining(text: str, change: TextChange) -> str:
    """`text`, normalised, without the new wording, so that 'Sale' inside 'Summer Sale' does not count as left over."""
    wanted = normalise(change.new or "")
    return normalise(text).replace(wanted, "") if wanted else normalise(text)
