"""Where a logo stands on a picture, which variant of it, and putting it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.domain.brand import Logo, Position
from tasks.domain.campaign import Placement
from tasks.domain.models import Box
from tasks.domain.platforms import Platform
from tasks.imaging.area import grown, overlap

CLEAR = 0.3
"""Space kept free around a logo, share of its shorter side; brand guides ask for a quarter to a half."""
WIDEST = 0.45
"""Share of the picture's width a logo may take."""
SEEN = 3.0
"""WCAG 2.2 contrast of graphics to what is beside them (success criterion 1.4.11)."""
LEGIBLE = 0.8
"""Share of a logo's pixels that must have that contrast to the ground under it."""
OWN_GROUND = 0.7
"""Share of its box from which a logo is taken for a badge that brings its own ground."""


def place(
    canvas: Image.Image, logos: Sequence[Image.Image], logo: Logo, platform: Platform, taken: Sequence[Box], band: int
) -> Placement:
    """The first place and variant with free space and enough contrast; the least bad one where there is none.

    The wanted position is tried first with each variant, then the others. `taken` holds text and faces, `band` is the
    height of the strip at the bottom that is the logo's own (0: none).
    """
    taken = [*taken, platform.covered] if platform.covered else taken
    found = list(_choices(canvas, logos, logo, platform, taken, band))
    good = [choice for choice in found if not choice[0] and choice[1].legible >= LEGIBLE]
    if good:
        return good[0][1]
    return min(found, key=lambda choice: (choice[0] > 0, -round(choice[1].legible, 1), choice[0]))[1]


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
    rgba = logo.convert("RGBA")
    return rgba.crop(rgba.getchannel("A").point(lambda v: 255 * (v > 8)).getbbox())


def _choices(
    canvas: Image.Image, logos: Sequence[Image.Image], logo: Logo, platform: Platform, taken: Sequence[Box], band: int
) -> Iterator[tuple[int, Placement]]:
    """Each place and variant, with the pixels of its clear space that are taken."""
    margin = round(logo.margin / 100 * min(platform.size))
    light = luminances(np.asarray(canvas))
    positions = sorted(Position, key=lambda position: position is not logo.position)
    for position in positions:
        for variant, picture in enumerate(logos):
            size = _size(trimmed(picture).size, logo, platform, band)
            box = spot(position, size, margin, platform, band)
            clear = grown(box, round(CLEAR * min(size)), platform.size)
            lost = sum(overlap(clear, other) for other in taken)
            legible = legibility(picture, light, box)
            said = "where the brand wants it" if position is logo.position else "moved: free and legible here"
            reason = f"{said}, {'light' if variant else 'usual'} variant"
            yield (
                lost,
                Placement(position=position, variant=variant, box=box, clear=clear, legible=legible, reason=reason),
            )


def _size(natural: tuple[int, int], logo: Logo, platform: Platform, band: int) -> tuple[int, int]:
    """Width and height on the platform: the area of a square of the wanted size, so that long logos weigh no less."""
    side = logo.size / 100 * min(platform.size)
    shape = natural[0] / natural[1]
    width = min(side * shape**0.5, WIDEST * platform.width)
    if band:
        width = min(width, band / (1 + 2 * CLEAR) * shape)
    height = min(width / shape, WIDEST * platform.height)
    return max(1, round(height * shape)), max(1, round(height))


def spot(position: Position, size: tuple[int, int], margin: int, platform: Platform, band: int) -> Box:
    """The logo's box at a position: `margin` off the borders and off what the platform covers; in the band if any."""
    width, height = size
    left = (
        margin
        if "left" in position
        else platform.width - margin - width
        if "right" in position
        else (platform.width - width) // 2
    )
    floor = platform.height - platform.bottom
    top = platform.top + margin if "top" in position else floor - margin - height
    if band:
        top = floor - band + (band - height) // 2
    return Box(left, top, left + width, top + height)


def legibility(logo: Image.Image, light: NDArray[np.float64], box: Box) -> float:
    """Share of the logo's pixels, over the ground's, with enough contrast; 1 for a badge that brings its own ground.

    `light` is the canvas's relative luminance.
    """
    drawn = np.asarray(scaled(logo, box))
    ink = luminances(drawn[..., :3])[drawn[..., 3] > 128]
    if not ink.size:
        return 0.0
    dark, bright = np.percentile(ink, (5, 95))
    if ink.size > OWN_GROUND * box.width * box.height and (bright + 0.05) / (dark + 0.05) >= SEEN:
        return 1.0
    ground = light[max(0, box.top) : box.bottom, max(0, box.left) : box.right].ravel()
    if not ground.size:
        return 0.0
    quantiles = np.linspace(0.02, 0.98, 25)
    one, other = np.quantile(ink, quantiles)[:, None] + 0.05, np.quantile(ground, quantiles)[None] + 0.05
    return float((np.maximum(one, other) / np.minimum(one, other) >= SEEN).mean())


def luminances(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of each pixel, 0..1, as WCAG 2.2 defines it."""
    values = np.arange(256) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear[pixels] @ np.array([0.2126, 0.7152, 0.0722]))
