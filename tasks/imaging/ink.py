"""The colour lettering is printed in: plain, running from one colour to another, or letting its ground through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain.models import Box
from tasks.imaging.area import Pixels
from tasks.imaging.lettering import Matte

_SOLID = 0.9
"""Share of ink from which a pixel's colour is taken for the ink's own."""
_RUN = 8.0
"""Standard deviation (0..255) below which differences of colour are noise, not a run of colours."""


@dataclass(frozen=True)
class Ink:
    """Colour as a plane over the picture (`slope`: constant, per row, per column; each RGB), within `box`.

    `opacity` is 0..1: what the ink hides of its ground.
    """

    slope: NDArray[np.float32]
    box: Box
    opacity: float = 1.0

    def over(self, ground: Pixels, matte: Matte, left: int, top: int) -> Pixels:
        """`ground` printed on with this ink where `matte` says; the arrays' corner lies at (`left`, `top`)."""
        rows = np.clip(np.arange(matte.shape[0]) + top, self.box.top, self.box.bottom)[:, None, None]
        columns = np.clip(np.arange(matte.shape[1]) + left, self.box.left, self.box.right)[None, :, None]
        colour = np.clip(self.slope[0] + rows * self.slope[1] + columns * self.slope[2], 0, 255)
        share = (matte * self.opacity)[..., None]
        return (ground * (1 - share) + colour * share).astype(np.float32)


def plain_ink(colour: tuple[int, int, int]) -> Ink:
    """An opaque ink of one colour."""
    return Ink(np.array([colour, (0, 0, 0), (0, 0, 0)], np.float32), Box(0, 0, 0, 0))


def ink_of(pixels: Pixels, ground: Pixels, matte: Matte, place: Box) -> Ink:
    """The ink of lettering in `pixels` over `ground`, both cut out at `place`; `matte` is its share, 0..1."""
    rows, columns = np.nonzero(matte >= min(_SOLID, 0.98 * float(matte.max())))
    colours, under = pixels[rows, columns], ground[rows, columns]
    rows, columns = rows + place.top, columns + place.left
    box = Box(int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max()))
    through = _seen_through(colours, under)
    own = np.clip((colours - through * under) / (1 - through), 0, 255)
    slope = np.zeros((3, 3), np.float32)
    slope[0] = np.median(own, axis=0)
    spread = own.std(axis=0).max()
    if spread > _RUN:
        design = np.stack([np.ones_like(rows), rows, columns], axis=1)
        plane = np.linalg.lstsq(design.astype(np.float32), own, rcond=None)[0]
        if (own - design @ plane).std(axis=0).max() < 0.5 * spread:
            slope = plane.astype(np.float32)
    return Ink(slope, box, 1 - through)


def _seen_through(colours: Pixels, under: Pixels) -> float:
    """Share of the ground that shows through solid ink, 0..0.9: how the ink's colour follows the ground's."""
    varied = under - under.mean(axis=0)
    strength = float((varied**2).sum())
    if strength / len(under) < 200:  # a ground this even says nothing
        return 0.0
    follows = colours - colours.mean(axis=0)
    shared = float((varied * follows).sum())
    likeness = shared / max(1e-6, np.sqrt(strength * float((follows**2).sum())))
    return min(0.9, shared / strength) if likeness > 0.6 and shared > 0.1 * strength else 0.0
