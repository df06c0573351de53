"""Is a derived picture what the brand asks for: measured on the picture itself, not taken from how it was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from PIL import Image
from rapidfuzz import fuzz
from skimage.color import deltaE_ciede2000, rgb2lab

from tasks.domain.brand import Brand, forbidden_in
from tasks.domain.campaign import BrandCheck, BrandCheckName, Framing, Kept, Placement
from tasks.domain.models import Box, TextLine
from tasks.domain.platforms import Platform
from tasks.domain.wording import normalise
from tasks.imaging.area import grown, overlap
from tasks.imaging.branding.logo import LEGIBLE, legibility, luminances, scaled
from tasks.imaging.framing.choice import is_lettering
from tasks.imaging.glyphs import Glyphs, isolate
from tasks.imaging.palette import contrast, to_rgb

NEAR = 12.0
"""CIEDE2000 within which two colours pass for the same one at a glance: 0.99 of a picture in the brand's colours is
that near, 0.05 of an unrelated photograph."""
SMALL = 128
"""Side at which the palette is measured."""
MATCH = 0.7
"""Correlation of the logo with what is seen at its place."""
SURE_LINE = 0.8
"""Confidence from which a line of the look must be read again in every size."""
ALIKE = 75.0
"""Likeness, 0..100, of a line read twice."""
BODY, LARGE = 4.5, 3.0
"""WCAG 2.2 contrast of text and of large text (success criterion 1.4.3)."""
LARGE_TEXT = 24 / 375
"""Height of large text (18 pt, 24 CSS pixels) over the width of a phone's screen, which most pictures are seen on."""
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
        _check(name.SIZE, float(picture.size == platform.size), 1.0, size),
        _check(name.RESOLUTION, 1 / framing.scale, 1 / BLOWN_UP, f"shown at {framing.scale:.2f} of its size"),
        _palette(picture, brand),
        _check(
            name.WORDS_ALLOWED,
            float(not allowed),
            1.0,
            f"says {', '.join(allowed)}" if allowed else "nothing forbidden",
        ),
        *_words(picture, look, framing, words, platform),
    ]
    if placement is not None:
        checks += _logo(picture, look, framing, placement, logos, brand, platform)
    return tuple(checks)


def _check(name: BrandCheckName, score: float, threshold: float, detail: str) -> BrandCheck:
    return BrandCheck(
        name=name, score=round(score, 4), threshold=round(threshold, 4), passed=score >= threshold, detail=detail
    )


def _palette(picture: Image.Image, brand: Brand) -> BrandCheck:
    share, mean = palette_share(picture, brand.colours)
    detail = f"{share:.0%} within {NEAR:.0f} of a brand colour, mean distance {mean:.1f} (CIEDE2000)"
    return _check(BrandCheckName.PALETTE, share, brand.palette, detail)


def palette_share(picture: Image.Image, colours: Sequence[str]) -> tuple[float, float]:
    """Share of the picture within `NEAR` of one of the colours, and the mean distance to the nearest (CIEDE2000)."""
    lab = rgb2lab(np.asarray(picture.convert("RGB").resize((SMALL, SMALL), Image.Resampling.BOX)) / 255.0)
    wanted = rgb2lab(np.array([[to_rgb(colour) for colour in colours]], np.uint8) / 255.0)[0]
    nearest = np.min([deltaE_ciede2000(lab, np.broadcast_to(colour, lab.shape)) for colour in wanted], axis=0)
    return float((nearest <= NEAR).mean()), float(nearest.mean())


def _words(
    picture: Image.Image, look: Kept, framing: Framing, seen: Sequence[TextLine], platform: Platform
) -> list[BrandCheck]:
    """Are the look's words still read, where the platform covers nothing, with enough contrast?"""
    wanted = [line for line in look.lines if is_lettering(line) and line.confidence >= SURE_LINE]
    if not wanted:
        return []
    lost = [line.text for line in wanted if not read_again(line.text, seen)]
    kept = 1 - len(lost) / len(wanted)
    hidden = [line.text for line in wanted if _hidden(framing.moved(line.box), platform)]
    shown = 1 - len(hidden) / len(wanted)
    told = [f"not read: {', '.join(lost)}" if lost else f"all {len(wanted)} lines read"]
    covered = f"covered by the app: {', '.join(hidden)}" if hidden else "all in view"
    return [
        _check(BrandCheckName.WORDS_KEPT, kept, 1.0, told[0]),
        _check(BrandCheckName.WORDS_SHOWN, shown, 1.0, covered),
        *_contrast(picture, [line for line in seen if line.confidence >= SURE_LINE]),
    ]


def read_again(text: str, lines: Sequence[TextLine]) -> bool:
    """True when `text` is among `lines`, a letter in four aside: small lettering is read with faults."""
    wanted = normalise(text)
    return any(
        fuzz.ratio(wanted, said) >= ALIKE or (len(said) > len(wanted) and fuzz.partial_ratio(wanted, said) >= ALIKE)
        for line in lines
        for said in map(normalise, (line.text, *line.alternatives))
    )


def _hidden(box: Box, platform: Platform) -> bool:
    if box.top < platform.top or box.bottom > platform.height - platform.bottom:
        return True
    return platform.covered is not None and overlap(box, platform.covered) > 0


def _contrast(picture: Image.Image, lines: Sequence[TextLine]) -> list[BrandCheck]:
    """The line with the least contrast for its size, as one check; none where no ink could be told."""
    measured = []
    for line in lines:
        if glyphs := isolate(picture, line.box, line.text):
            needed = LARGE if line.box.height >= LARGE_TEXT * picture.width else BODY
            measured.append((ink_contrast(glyphs) / needed, needed, line.text))
    if not measured:
        return []
    share, needed, text = min(measured)
    return [
        _check(BrandCheckName.WORDS_LEGIBLE, share * needed, needed, f"contrast {share * needed:.1f}:1 of {text!r}")
    ]


def ink_contrast(glyphs: Glyphs) -> float:
    """WCAG contrast of lettering to the ground around it, 1..21."""
    core = glyphs.matte > min(0.85, float(np.percentile(glyphs.matte[glyphs.matte > 0.05], 80)))
    ink, ground = (
        np.median(colours[core], axis=0).round().astype(int).tolist() for colours in (glyphs.ink, glyphs.ground)
    )
    return contrast((ink[0], ink[1], ink[2]), (ground[0], ground[1], ground[2]))


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
    return [
        _check(name.LOGO_PRESENT, match, MATCH, f"correlation {match:.2f} at its place"),
        _check(name.LOGO_FREE, float(over == 0), 1.0, free),
        _check(name.LOGO_SAFE, float(safe), 1.0, f"{placement.position}, {margin} px kept free at the borders"),
        _check(name.LOGO_LEGIBLE, _legible(picture, drawn, box), LEGIBLE, f"{placement.reason}"),
    ]


def present(picture: Image.Image, logo: Image.Image, box: Box) -> float:
    """Correlation, -1..1, of the logo as it should look on its ground with what is seen; 0 unless best at its place."""
    drawn = scaled(logo, box)
    around = grown(box, max(4, min(box.width, box.height) // 4), picture.size)
    seen = np.asarray(picture.convert("RGB").crop(around))
    ground = tuple(np.median(_ring(picture, box), axis=0).round().astype(int).tolist())
    wanted = Image.new("RGB", drawn.size, ground)
    wanted.paste(drawn, mask=drawn)
    if np.asarray(wanted).std() < 1 or seen.shape[0] < box.height or seen.shape[1] < box.width:
        return 0.0
    found = cv2.matchTemplate(seen, np.asarray(wanted), cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(found)
    off = max(abs(x + around.left - box.left), abs(y + around.top - box.top))
    return float(best) if off <= 1 else 0.0


def _ring(picture: Image.Image, box: Box) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Pixels (N x 3) just around a box."""
    outer = grown(box, max(2, min(box.width, box.height) // 8), picture.size)
    pixels = np.asarray(picture.convert("RGB").crop(outer))
    outside = np.ones(pixels.shape[:2], bool)
    outside[box.top - outer.top : box.bottom - outer.top, box.left - outer.left : box.right - outer.left] = False
    return pixels[outside] if outside.any() else pixels.reshape(-1, 3)


def _legible(picture: Image.Image, logo: Image.Image, box: Box) -> float:
    """Legibility against the ground around the logo, for what is beneath it cannot be seen any more."""
    ring = luminances(_ring(picture, box))
    count = box.width * box.height
    ground = np.ones(picture.size[::-1])
    ground[box.top : box.bottom, box.left : box.right] = np.resize(ring, count).reshape(box.height, box.width)
    return legibility(logo, ground, box)
