"""Is a derived picture what the brand asks for: measured on the picture itself, not taken from how it was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from tasks.domain.brand import Brand, forbidden_in
from tasks.domain.campaign import BrandCheck, BrandCheckName, Framing, Kept, Placement
from tasks.domain.models import Box, TextLine
from tasks.domain.platforms import Platform
from tasks.imaging.area import grown, overlap
from tasks.imaging.branding.logo import LEGIBLE, TOO_RESTLESS, legibility, restlessness, scaled
from tasks.imaging.branding.words import check_words, weighed
from tasks.imaging.framing.choice import is_lettering
from tasks.imaging.palette import to_rgb

NEAR = 12.0
"""CIEDE2000 within which two colours pass for the same one at a glance: 0.99 of a picture in the brand's colours is
that near, 0.05 of an unrelated photograph."""
SMALL = 128
"""Side at which the palette is measured."""
MATCH = 0.7
"""Correlation of the logo with what is seen at its place."""
ENLARGED, BLOWN_UP = 1.5, 3.0
"""Enlargement that is told, and that is too much."""

Reader = Callable[[Image.Image], Sequence[TextLine]]


def check_brand(
    picture: Image.Image,
    look: Kept,
    framing: Framing,
    placement: Placement | None,
    logos: Sequence[Image.Image],
    brand: Brand,
    platform: Platform,
    read: Reader,
) -> tuple[BrandCheck, ...]:
    """Every check that applies to a derived picture. `look` tells what the picture it was derived from holds."""
    lines = [line for line in read(picture) if is_lettering(line)]
    words = [line for line in lines if placement is None or not _mostly_in(line.box, placement.box)]
    name = BrandCheckName
    size = f"{picture.width} x {picture.height}"
    allowed = forbidden_in(brand, " ".join(line.text for line in lines))
    checks = [
        weighed(name.SIZE, float(picture.size == platform.size), 1.0, size),
        weighed(name.RESOLUTION, 1 / framing.scale, 1 / BLOWN_UP, f"shown at {framing.scale:.2f} of its size"),
        _palette(picture, brand),
        weighed(
            name.WORDS_ALLOWED,
            float(not allowed),
            1.0,
            f"says {', '.join(allowed)}" if allowed else "nothing forbidden",
        ),
        *check_words(picture.width, look, framing, words, platform),
    ]
    if placement is not None:
        checks += _logo(picture, look, framing, placement, logos, brand, platform)
    return tuple(checks)


def _palette(picture: Image.Image, brand: Brand) -> BrandCheck:
    share, mean = palette_share(picture, brand.colours)
    detail = f"{share:.0%} within {NEAR:.0f} of a brand colour, mean distance {mean:.1f} (CIEDE2000)"
    return weighed(BrandCheckName.PALETTE, share, brand.palette, detail)


def palette_share(picture: Image.Image, colours: Sequence[str]) -> tuple[float, float]:
    """Share of the picture within `NEAR` of one of the colours, and the mean distance to the nearest (CIEDE2000)."""
    lab = rgb2lab(np.asarray(picture.convert("RGB").resize((SMALL, SMALL), Image.Resampling.BOX)) / 255.0)
    wanted = rgb2lab(np.array([[to_rgb(colour) for colour in colours]], np.uint8) / 255.0)[0]
    nearest = np.min([deltaE_ciede2000(lab, np.broadcast_to(colour, lab.shape)) for colour in wanted], axis=0)
    return float((nearest <= NEAR).mean()), float(nearest.mean())


def _mostly_in(box: Box, other: Box) -> bool:
    return overlap(box, other) > 0.5 * box.width * box.height


def _logo(
    picture: Image.Image,
    look: Kept,
    framing: Framing,
    placement: Placement,
    logos: Sequence[Image.Image],
    brand: Brand,
    platform: Platform,
) -> list[BrandCheck]:
    name, box = BrandCheckName, placement.box
    drawn = logos[placement.variant]
    taken = [framing.moved(line.box) for line in look.lines if is_lettering(line)]
    taken += [framing.moved(face) for face in look.faces]
    over = sum(overlap(placement.clear, other) for other in taken)
    margin = round((brand.logo.margin if brand.logo else 0) / 100 * min(platform.size))
    inner = Box(margin, platform.top + margin, platform.width - margin, platform.height - platform.bottom - margin)
    if framing.layout == "band":
        inner = Box(margin, 0, inner.right, platform.height - platform.bottom)
    safe = overlap(box, inner) == box.width * box.height
    safe = safe and (platform.covered is None or not overlap(placement.clear, platform.covered))
    free = "nothing within its clear space" if not over else f"{over} pixels of lettering or faces too near"
    match = present(picture, drawn, box)
    ring = _ring(picture, placement.clear, box)
    legible, restless = legibility(drawn, box, ring), restlessness(ring)
    return [
        weighed(name.LOGO_PRESENT, match, MATCH, f"correlation {match:.2f} at its place"),
        weighed(name.LOGO_FREE, float(over == 0), 1.0, free),
        weighed(name.LOGO_SAFE, float(safe), 1.0, f"{placement.position}, {margin} px kept free at the borders"),
        weighed(name.LOGO_LEGIBLE, legible, LEGIBLE, f"{legible:.0%} of it against what is around it"),
        weighed(name.LOGO_CALM, TOO_RESTLESS / max(restless, 1e-3), 1.0, f"spread of colour around it {restless:.0f}"),
    ]


def present(picture: Image.Image, logo: Image.Image, box: Box) -> float:
    """Correlation, -1..1, of the logo as it should look on its ground with what is seen; 0 unless best at its place."""
    drawn = scaled(logo, box)
    around = grown(box, max(4, min(box.width, box.height) // 4), picture.size)
    seen = np.asarray(picture.convert("RGB").crop(around))
    ground = tuple(np.median(_ring(picture, around, box), axis=0).round().astype(int).tolist())
    wanted = Image.new("RGB", drawn.size, ground)
    wanted.paste(drawn, mask=drawn)
    if np.asarray(wanted).std() < 1 or seen.shape[0] < box.height or seen.shape[1] < box.width:
        return 0.0
    found = cv2.matchTemplate(seen, np.asarray(wanted), cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(found)
    off = max(abs(x + around.left - box.left), abs(y + around.top - box.top))
    return float(best) if off <= 1 else 0.0


def _ring(picture: Image.Image, outer: Box, box: Box) -> NDArray[np.uint8]:
    """Pixels (N x 3) of `outer` around `box`: beneath a logo nothing can be seen any more."""
    pixels = np.asarray(picture.convert("RGB").crop(outer))
    outside = np.ones(pixels.shape[:2], bool)
    outside[box.top - outer.top : box.bottom - outer.top, box.left - outer.left : box.right - outer.left] = False
    return pixels[outside] if outside.any() else pixels.reshape(-1, 3)
