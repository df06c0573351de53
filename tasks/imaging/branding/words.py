"""The words of a look in one of its sizes: still read, in view, and of enough contrast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from rapidfuzz import fuzz

from tasks.domain.campaign import BrandCheck, BrandCheckName, Framing, Kept
from tasks.domain.models import Box, TextLine
from tasks.domain.platforms import Platform
from tasks.domain.wording import normalise
from tasks.imaging.area import overlap
from tasks.imaging.framing.choice import is_lettering
from tasks.imaging.glyphs import isolate
from tasks.imaging.palette import contrast

SURE_LINE = 0.8
"""Confidence from which a line of the look must be read again in every size."""
ALIKE = 75.0
"""Likeness, 0..100, of a line read twice: small lettering is read with faults."""
BODY, LARGE = 4.5, 3.0
"""WCAG 2.2 contrast of text and of large text (success criterion 1.4.3)."""
LARGE_TEXT = 24 / 375
"""Height of large text (18 pt, 24 CSS pixels) over the width of a phone's screen, which most pictures are seen on."""


def weighed(name: BrandCheckName, score: float, threshold: float, detail: str) -> BrandCheck:
    """A check, passed when `score` reaches `threshold`."""
    passed = score >= threshold
    return BrandCheck(name=name, score=round(score, 4), threshold=round(threshold, 4), passed=passed, detail=detail)


def check_words(
    width: int, look: Kept, framing: Framing, seen: Sequence[TextLine], platform: Platform
) -> list[BrandCheck]:
    """Checks of the look's sure lines against those `seen` in a picture of that width; none without any."""
    wanted = [line for line in look.lines if is_lettering(line) and line.confidence >= SURE_LINE]
    if not wanted:
        return []
    lost = [line.text for line in wanted if not read_again(line.text, seen)]
    hidden = [line.text for line in wanted if _hidden(framing.moved(line.box), platform)]
    read = f"not read: {', '.join(lost)}" if lost else f"all {len(wanted)} lines read"
    covered = f"covered by the app: {', '.join(hidden)}" if hidden else "all in view"
    return [
        weighed(BrandCheckName.WORDS_KEPT, 1 - len(lost) / len(wanted), 1.0, read),
        weighed(BrandCheckName.WORDS_SHOWN, 1 - len(hidden) / len(wanted), 1.0, covered),
        *_contrast(width, look, framing),
    ]


def read_again(text: str, lines: Sequence[TextLine]) -> bool:
    """True when `text` is among `lines`, a letter in four aside."""
    wanted = normalise(text)
    return any(
        fuzz.ratio(wanted, said) >= ALIKE or (len(said) > len(wanted) and fuzz.partial_ratio(wanted, said) >= ALIKE)
        for line in lines
        for said in map(normalise, (line.text, *line.alternatives))
    )


def text_contrast(picture: Image.Image, line: TextLine) -> float:
    """WCAG contrast, 1..21, of a line's ink to the ground around it; 0 when the ink cannot be told."""
    glyphs = isolate(picture.convert("RGB"), line.box, line.text) if is_lettering(line) else None
    if glyphs is None:
        return 0.0
    core = glyphs.matte > min(0.85, float(np.percentile(glyphs.matte[glyphs.matte > 0.05], 80)))
    colours = [np.median(colour[core], axis=0).round().astype(int).tolist() for colour in (glyphs.ink, glyphs.ground)]
    (red, green, blue), (ground_red, ground_green, ground_blue) = colours
    return contrast((red, green, blue), (ground_red, ground_green, ground_blue))


def _contrast(width: int, look: Kept, framing: Framing) -> list[BrandCheck]:
    """The line with the least contrast for its size here; none where no ink could be told.

    Contrast is that of the look: smaller letters have softer edges, which WCAG leaves out of account.
    """
    measured = []
    for line, ratio in zip(look.lines, look.contrasts, strict=True):
        if ratio and line.confidence >= SURE_LINE:
            needed = LARGE if line.box.height * framing.scale >= LARGE_TEXT * width else BODY
            measured.append((ratio / needed, ratio, needed, line.text))
    if not measured:
        return []
    _, ratio, needed, text = min(measured)
    return [weighed(BrandCheckName.WORDS_LEGIBLE, ratio, needed, f"contrast {ratio:.1f}:1 of {text!r}")]


def _hidden(box: Box, platform: Platform) -> bool:
    """True when the app covers a part of `box`."""
    if box.top < platform.top or box.bottom > platform.height - platform.bottom:
        return True
    return platform.covered is not None and overlap(box, platform.covered) > 0
