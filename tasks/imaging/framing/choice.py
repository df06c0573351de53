"""How a picture fills a size: the layouts that are possible, the first to try, and why. Nothing is ever distorted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from tasks.domain.campaign import Framing, Kept, Layout
from tasks.domain.models import Box, TextLine
from tasks.domain.platforms import Platform
from tasks.domain.wording import normalise
from tasks.imaging.area import grown
from tasks.imaging.framing.weight import visual_weight
from tasks.imaging.framing.windows import Window, best_window

SURE = 0.75
"""Confidence from which a line is lettering that must be kept whole, not texture that looked like it."""
AIR = 0.02
"""Share of the shorter side kept free around lettering and faces, where the picture has that much."""
ENOUGH = 0.55
"""Share of the picture's weight a window must hold; with less, not the subject but a piece of it is shown."""
CALM = 6.0
"""CIELAB distance by which a pixel of a border may stick out; continued, more is seen as a streak."""
RIM = 0.02
"""Share of a border's length that a pixel of it is compared with."""
BAND = 0.16
"""Height of the band for the logo, share of the shorter side; the logo's own size and clear space fit into it."""


def framings(image: Image.Image, kept: Kept, platform: Platform) -> Mapping[Layout, Framing]:
    """Every layout that is possible for `image` on `platform`, the one to try first being the first."""
    musts = musts_of(image.size, kept)
    weight = visual_weight(image)
    target = Box(0, 0, *platform.size)
    crop = best_window(image.size, platform.size, musts, weight)
    fits = crop.whole and crop.kept >= ENOUGH
    found = {Layout.CROP: _cropped(crop, target, _why(crop, kept))}
    room = Box(0, platform.top, platform.width, platform.height - platform.bottom)
    if crop.kept < 0.999:
        calm = _calm_borders(image, platform.size)
        why = "all of it is shown: " + _why(crop, kept)
        if calm:
            found[Layout.EXTEND] = _contained(image.size, target, f"{why}; its borders are calm and are continued")
        found[Layout.LETTERBOX] = _contained(image.size, target, f"{why}; the rest is the brand's ground", room)
    band = Box(0, 0, platform.width, platform.height - platform.bottom - band_height(platform))
    above = best_window(image.size, (band.width, band.height), musts, weight)
    reason = "above a band for the logo"
    found[Layout.BAND] = (
        _cropped(above, band, reason, Layout.BAND)
        if above.whole and above.kept >= ENOUGH
        else _contained(image.size, band, reason, layout=Layout.BAND)
    )
    if not fits and len(found) > 2:
        del found[Layout.CROP]
    return found


def band_height(platform: Platform) -> int:
    """Pixels of the band that `Layout.BAND` leaves for the logo, above what the platform covers."""
    return round(BAND * min(platform.size))


def musts_of(size: tuple[int, int], kept: Kept) -> list[Box]:
    """The rectangles a window must hold whole: sure lines of text and faces, with some air around them."""
    lines = [line.box for line in kept.lines if is_lettering(line)]
    return [grown(box, round(AIR * min(size)), size) for box in (*lines, *kept.faces)]


def is_lettering(line: TextLine) -> bool:
    """True for a line that is surely text of two letters or more."""
    return line.confidence >= SURE and len(normalise(line.text)) >= 2


def _why(crop: Window, kept: Kept) -> str:
    things = _things(kept)
    if not crop.whole:
        return f"no window of this shape holds {things}"
    if crop.kept < ENOUGH:
        return f"the best window shows only {crop.kept:.0%} of what draws the eye"
    if crop.kept >= 0.999:
        return "the shapes agree"
    return f"a window holds {things} and {crop.kept:.0%} of what draws the eye"


def _things(kept: Kept) -> str:
    lines = sum(map(is_lettering, kept.lines))
    named = [
        f"{count} {word}{'s' * (count > 1)}" for count, word in ((lines, "line"), (len(kept.faces), "face")) if count
    ]
    return "all " + " and ".join(named) if named else "the subject"


def _cropped(window: Window, target: Box, reason: str, layout: Layout = Layout.CROP) -> Framing:
    left, _, right, _ = window.edges
    scale = target.width / (right - left)
    return Framing(layout=layout, window=window.edges, placed=target, scale=scale, kept=window.kept, reason=reason)


def _contained(
    size: tuple[int, int], target: Box, reason: str, room: Box | None = None, layout: Layout | None = None
) -> Framing:
    """All of a picture inside `target`, in the middle of `room` where it can be."""
    scale = min(target.width / size[0], target.height / size[1])
    width, height = (
        min(limit, max(1, round(side * scale))) for limit, side in zip((target.width, target.height), size, strict=True)
    )
    middle = room or target
    left = target.left + (target.width - width) // 2
    top = round((middle.top + middle.bottom - height) / 2)
    top = min(max(top, target.top), target.bottom - height)
    return Framing(
        layout=layout or (Layout.LETTERBOX if room else Layout.EXTEND),
        window=(0.0, 0.0, float(size[0]), float(size[1])),
        placed=Box(left, top, left + width, top + height),
        scale=scale,
        kept=1.0,
        reason=reason,
    )


def _calm_borders(image: Image.Image, shape: tuple[int, int]) -> bool:
    """True when the two borders that would be continued have no detail that continuing would draw into streaks."""
    across = image.width * shape[1] < image.height * shape[0]  # room is left at the sides
    pixels = np.asarray(image.convert("RGB"))
    lines = (pixels[:, 0], pixels[:, -1]) if across else (pixels[0], pixels[-1])
    return all(_calm(rgb2lab(line[None] / 255.0)[0]) for line in lines)


def _calm(line: NDArray[np.float64]) -> bool:
    """True for a line of pixels (N x CIELAB) that is plain or a slope: nothing in it sticks out from what is around."""
    smooth = ndimage.gaussian_filter1d(line, max(1.0, RIM * len(line)), axis=0, mode="nearest")
    return bool(np.linalg.norm(line - smooth, axis=-1).max() < CALM)
