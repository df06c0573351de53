"""Where a logo stands on a picture, which variant of it, and putting it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab

from tasks.domain.brand import Logo, Position
from tasks.domain.campaign import Framing, Layout, Placement
from tasks.domain.models import Box
from tasks.domain.platforms import Platform
from tasks.imaging.area import grown, overlap
from tasks.imaging.framing.choice import band_height
from tasks.imaging.palette import luminances

CLEAR = 0.3
"""Space kept free around a logo, share of its shorter side; brand guides ask for a quarter to a half."""
WIDEST = 0.45
"""Share of the picture's width a logo may take."""
SEEN = 3.0
"""WCAG 2.2 contrast of graphics to what is beside them (success criterion 1.4.11)."""
LEGIBLE = 0.8
"""Share of a logo's pixels that must have that contrast to the ground under it."""
RESTLESS = 9.0
"""Spread of CIELAB over a logo's clear space up to which it stands on one calm ground: no edge, no pattern."""
TOO_RESTLESS = 20.0
"""The same beyond which a logo is lost in a pattern, however great its contrast."""
UNSEEN = 8
"""Opacity, 0..255, up to which a pixel of a logo is not seen."""
OWN_GROUND = 0.7
"""Share of its box from which a logo is taken for a badge that brings its own ground."""


class _Choice(NamedTuple):
    """One place and variant: pixels of its clear space taken, how restless its ground is, if a seam is there."""

    placement: Placement
    lost: int
    restless: float
    split: bool

    @property
    def faults(self) -> tuple[bool, bool, bool]:
        """What speaks against it, the worst first."""
        return self.lost > 0, self.placement.legible < LEGIBLE, self.restless > RESTLESS or self.split


def place(
    canvas: Image.Image,
    logos: Sequence[Image.Image],
    logo: Logo,
    platform: Platform,
    framing: Framing,
    taken: Sequence[Box],
) -> Placement:
    """The first place and variant with free space, enough contrast and a calm ground; else the least bad one.

    The wanted position is tried first with each variant, then the others: in the corners of the whole and in those of
    the picture on it. `taken` holds text and faces in pixels of `canvas`.
    """
    taken = [*taken, platform.covered] if platform.covered else taken
    return min(_choices(canvas, logos, logo, platform, framing, taken), key=lambda choice: choice.faults).placement


def put(canvas: Image.Image, logos: Sequence[Image.Image], placement: Placement) -> Image.Image:
    """`canvas` (RGB) with the logo at its place."""
    picture = canvas.copy()
    drawn = scaled(logos[placement.variant], placement.box)
    picture.paste(drawn, (placement.box.left, placement.box.top), drawn)
    return picture


def scaled(logo: Image.Image, box: Box) -> Image.Image:
    """The logo in the size of its box, mode RGBA."""
    return trimmed(logo).resize((box.width, box.height), Image.Resampling.LANCZOS)


def trimmed(logo: Image.Image) -> Image.Image:
    """The logo without the transparent border its file may have: margins are measured from what is seen."""
    return logo.convert("RGBA").crop(seen_part(logo))


def seen_part(logo: Image.Image) -> tuple[int, int, int, int] | None:
    """The rectangle outside which a logo is transparent; None for one that is so all over."""
    return logo.convert("RGBA").getchannel("A").point(lambda opacity: 255 * (opacity > UNSEEN)).getbbox()


def _choices(
    canvas: Image.Image,
    logos: Sequence[Image.Image],
    logo: Logo,
    platform: Platform,
    framing: Framing,
    taken: Sequence[Box],
) -> Iterator[_Choice]:
    """Each place with each variant, the wanted position first."""
    margin = round(logo.margin / 100 * min(platform.size))
    pixels = np.asarray(canvas)
    band = framing.layout is Layout.BAND
    for position in sorted(Position, key=lambda position: position is not logo.position):
        for room in _rooms(platform, framing):
            for variant, picture in enumerate(logos):
                size = _size(trimmed(picture).size, logo, platform, room.height if band else 0)
                box = spot(position, size, margin, room, middle=band)
                clear = grown(box, round(CLEAR * min(size)), platform.size)
                ground = pixels[clear.top : clear.bottom, clear.left : clear.right].reshape(-1, 3)
                said = (
                    "where the brand wants it" if position is logo.position else "moved to where it is free and clear"
                )
                placement = Placement(
                    position=position,
                    variant=variant,
                    box=box,
                    clear=clear,
                    legible=legibility(picture, box, ground),
                    reason=f"{said}, {'light' if variant else 'usual'} variant",
                )
                lost = sum(overlap(clear, other) for other in taken)
                on_picture = overlap(clear, framing.placed)
                split = framing.layout is Layout.LETTERBOX and 0 < on_picture < clear.width * clear.height
                yield _Choice(placement, lost, restlessness(ground), split)


def _rooms(platform: Platform, framing: Framing) -> list[Box]:
    """The rectangles in whose corners a logo may stand, none of them covered by the app."""
    floor = platform.height - platform.bottom
    if framing.layout is Layout.BAND:
        return [Box(0, floor - band_height(platform), platform.width, floor)]
    whole, placed = Box(0, platform.top, platform.width, floor), framing.placed
    within = Box(placed.left, max(placed.top, whole.top), placed.right, min(placed.bottom, whole.bottom))
    return [whole] if framing.layout in {Layout.CROP, Layout.EXTEND} else [whole, within]


def _size(natural: tuple[int, int], logo: Logo, platform: Platform, band: int) -> tuple[int, int]:
    """Width and height on the platform: the area of a square of the wanted size, so that long logos weigh no less."""
    side = logo.size / 100 * min(platform.size)
    shape = natural[0] / natural[1]
    width = min(side * shape**0.5, WIDEST * platform.width)
    if band:
        width = min(width, band / (1 + 2 * CLEAR) * shape)
    height = max(1, int(min(width / shape, WIDEST * platform.height)))  # rounded first: rounding both would distort
    return max(1, round(height * shape)), height


def spot(position: Position, size: tuple[int, int], margin: int, room: Box, *, middle: bool) -> Box:
    """The logo's box at a position in `room`, `margin` off its borders; `middle`: half-way up."""
    width, height = size
    across = {"left": room.left + margin, "right": room.right - margin - width}
    left = across.get(position.rpartition("-")[2], room.left + (room.width - width) // 2)
    top = room.top + margin if "top" in position else room.bottom - margin - height
    if middle:
        top = room.top + (room.height - height) // 2
    return Box(left, top, left + width, top + height)


def legibility(logo: Image.Image, box: Box, ground: NDArray[np.uint8]) -> float:
    """Share of the logo's pixels, over those of its ground (N x 3), with enough contrast; 1 for a badge of its own."""
    drawn = np.asarray(scaled(logo, box))
    ink = luminances(drawn[..., :3])[drawn[..., 3] > 128]
    if not ink.size or not ground.size:
        return 0.0
    dark, bright = np.percentile(ink, (5, 95))
    if ink.size > OWN_GROUND * box.width * box.height and (bright + 0.05) / (dark + 0.05) >= SEEN:
        return 1.0
    quantiles = np.linspace(0.02, 0.98, 25)
    one = np.quantile(ink, quantiles)[:, None] + 0.05
    other = np.quantile(luminances(ground), quantiles)[None] + 0.05
    return float((np.maximum(one, other) / np.minimum(one, other) >= SEEN).mean())


def restlessness(ground: NDArray[np.uint8]) -> float:
    """Spread of CIELAB, 0 for a plain colour, of pixels (N x 3)."""
    if not ground.size:
        return 0.0
    sample = ground[:: max(1, len(ground) // 4000)]
    return float(np.linalg.norm(rgb2lab(sample[None] / 255.0)[0].std(axis=0)))
