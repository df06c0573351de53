"""Does new lettering look like the lettering it replaced: legible, sharp, as large, in the same face and colour."""

from __future__ import annotations

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from tasks.domain.acceptance import weigh
from tasks.domain.models import Check, CheckName, TextLine
from tasks.domain.wording import has_hangul
from tasks.imaging.evidence import Evidence, Plane
from tasks.imaging.fitting import Fit, drafted, sketched
from tasks.imaging.glyphs import Glyphs
from tasks.imaging.lettering import advance
from tasks.imaging.letterpair import LetterPair
from tasks.imaging.palette import contrast
from tasks.imaging.spelling import certainty
from tasks.imaging.typeface import BUNDLED, covers

ENOUGH = 4.5
"""WCAG 2.2 contrast of body text: lettering with more may lose some."""
PLAIN = 3.0
"""WCAG 2.2 contrast of large text, asked of lettering that replaces none."""
WELL_SET = 0.72
"""Fit from which the face at hand is near enough the true one to tell single strokes by."""
FILLED = 0.12
"""Share of its length by which a line that was made to fit the old one's length differs from it."""
INK = 0.85
"""Share of ink from which a pixel's colour is the ink's own."""


def check_lettering(evidence: Evidence) -> Check:
    """Contrast, sharpness, size, letterforms, colour and place of the new line against the old. Score: least headroom.

    What the instruction asks to be restyled is not compared; without an old line only contrast is measured.
    """
    pair = evidence.lettering
    if pair is None or pair.new is None:
        return weigh(CheckName.LETTERING, {}, "no new lettering to compare", {})
    legible = _contrast(pair.new)
    if pair.old is None:
        measured = {"contrast of text": legible / PLAIN}
    else:
        measured = {"contrast of text": legible / min(_contrast(pair.old), ENOUGH)}
        measured |= {"sharpness of text": _sharpness(pair)} | _style(evidence, pair)
    new = evidence.new_lines[0]
    if has_hangul(new.text) and (spelt := _spelling(pair, new.text)) is not None:
        measured["spelling"] = spelt
    detail = f"contrast {legible:.1f}:1, " + ", ".join(f"{name} {value:.2f}" for name, value in measured.items())
    return weigh(CheckName.LETTERING, measured, detail, dict.fromkeys(measured, new.box))


def _style(evidence: Evidence, pair: LetterPair) -> dict[str, float]:
    old, new = evidence.old_lines[0], evidence.new_lines[0]
    measured = {"place of text": _displaced(old, new)}
    if evidence.contract.restyled or pair.old is None or pair.new is None:
        return measured
    colours = [_ink(glyphs) for glyphs in (pair.old, pair.new)]
    measured["colour of text"] = float(deltaE_ciede2000(*(rgb2lab(np.array(c) / 255.0) for c in colours)))
    faces = [face for face in BUNDLED if covers(face, old.text + new.text) and not face.italic]
    before, after = (sketched(g.matte, line.text, faces) for g, line in ((pair.old, old), (pair.new, new)))
    if before and after:
        measured["face of text"] = _alike(before, after)
        measured["size of text"] = _size_kept(before, after, old, new, evidence.source.width)
    return measured


def _spelling(pair: LetterPair, text: str) -> float | None:
    faces = [face for face in BUNDLED if covers(face, text)]
    found = drafted(pair.new_matte, text, faces)
    return certainty(found[0], text, found[1]) if found and found[1].score >= WELL_SET else None


def _contrast(glyphs: Glyphs) -> float:
    """WCAG contrast of the ink and the ground around it, 1..21."""
    core = glyphs.matte > min(INK, float(np.percentile(glyphs.matte[glyphs.matte > 0.05], 80)))
    ink, ground = (
        tuple(np.median(colours[core], axis=0).round().astype(int)) for colours in (glyphs.ink, glyphs.ground)
    )
    return contrast(ink, ground)


def _ink(glyphs: Glyphs) -> tuple[float, ...]:
    return tuple(np.median(glyphs.ink[glyphs.matte > 0.5], axis=0))


def _sharpness(pair: LetterPair) -> float:
    """Steepest edges of the new lettering over those of the old, each over its own contrast."""
    return _steepness(pair.new_matte) / max(1e-3, _steepness(pair.old_matte))


def _steepness(matte: Plane) -> float:
    rows, columns = np.gradient(matte)
    slope = np.hypot(rows, columns)
    return float(np.percentile(slope[slope > 0.05], 90)) if (slope > 0.05).any() else 0.0


def _displaced(old: TextLine, new: TextLine) -> float:
    """How far the new line is off the old one's row, and off its left edge, middle or right edge, in line heights."""
    down = (new.box.top + new.box.bottom - old.box.top - old.box.bottom) / 2
    left, right = new.box.left - old.box.left, new.box.right - old.box.right
    across = min(abs(left), abs(right), abs(left + right) / 2)
    return max(abs(down), across / 2) / max(1, old.box.height)


def _alike(old: list[Fit], new: list[Fit]) -> float:
    """1 when the face that redraws the old line best also redraws the new one best, less what each loses otherwise."""
    before, after = ({fit.style.face: fit.score for fit in fits} for fits in (old, new))
    shared = set(before) & set(after)
    if not shared:
        return 0.0
    best_before, best_after = (max(shared, key=lambda face: scores[face]) for scores in (before, after))
    lost = before[best_before] - before[best_after] + after[best_after] - after[best_before]
    return 1 - lost / 2


def _size_kept(was: list[Fit], is_now: list[Fit], old: TextLine, new: TextLine, width: int) -> float:
    """Smaller over larger size, 0..1; being smaller only counts beyond what the room asks for.

    Longer words may shrink to what is left of the picture, and to the length of the old line if they then fill it.
    """
    face = was[0].style.face
    again = next((fit for fit in is_now if fit.style.face == face), is_now[0])
    ratio = again.style.size / was[0].style.size
    if ratio > 1:
        return 1 / ratio
    fills = abs(new.box.width - old.box.width) < FILLED * old.box.width
    room = old.box.width if fills else 0.95 * (width - old.box.left)
    return min(1.0, ratio / min(1.0, room / max(1.0, advance(was[0].style, new.text))))
