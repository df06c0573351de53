"""The style a line was set in: found by setting the same words in every typeface at hand and comparing ink."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tasks.imaging.lettering import Extent, LineStyle, Matte, advance, draw_letter, ink_extent, lay, pens
from tasks.imaging.typeface import Face, sized

_SLANT = 0.21
"""Shear of an oblique drawn from an upright face: 12 degrees, what typographers and browsers use."""
_SOFTNESS = (0.0, 0.4, 0.7, 1.0, 1.4, 2.0, 3.0)
"""Blurs (standard deviation in pixels) tried against the source's edges."""
_TRACKED, _SHEARED, _STRAYED = 0.5, 0.03, 0.1
"""Score a style loses per em of letter spacing, for being sheared, and per em that its letters stray on average: the
plain explanation wins a tie."""
_DRAFT_HEIGHT = 36
"""Pixels of ink height at which faces are compared before the winner is fitted in full size."""
_LIKELY, _FINALISTS = 10, 5
_COARSE, _FINE = (0.04, 0.016), (0.012, 0.005)
"""Steps of the fit: share of the size, and 25 times that in pixels."""


@dataclass(frozen=True)
class Fit:
    """A style, where its pen started on the baseline, and how well it redraws what was seen.

    `score` is shared ink over all ink, 0..1: above 0.8 the same face, 0.6 a sister of it, under 0.3 a guess.
    """

    style: LineStyle
    x: float
    baseline: float
    score: float


def fit_style(seen: Matte, text: str, faces: Sequence[Face]) -> Fit | None:
    """The style among `faces` that best redraws `text` as `seen`; None when nothing was seen or no face is given.

    All faces are compared on a small copy, the best few are then fitted there in size, spacing, slant and place, and
    the winner once more, with the softness of its edges, in full size.
    """
    extent = _extent(seen)
    if extent is None or not faces or not text.strip():
        return None
    scale = min(1.0, _DRAFT_HEIGHT / (extent.bottom - extent.top))
    draft = _reduced(seen, scale)
    small = Extent(*(edge * scale for edge in extent))
    spaced = _ranked(draft, text, [guess for face in faces for guess in _guesses(text, face, small)[:1]])[:_LIKELY]
    upright = [guess for fit in spaced for guess in _guesses(text, fit.style.face, small)]
    slanted = [guess for fit in spaced[:2] for guess in _guesses(text, fit.style.face, small, _SLANT)]
    finalists = _ranked(draft, text, upright + slanted)[:_FINALISTS]
    if not finalists:
        return None
    best = _ranked(draft, text, [_refined(draft, text, fit, _COARSE) for fit in finalists])[0]
    return _softened(seen, text, _refined(seen, text, _enlarged(best, scale), _FINE))


def sketched(seen: Matte, text: str, faces: Sequence[Face]) -> list[Fit]:
    """A quick fit for each face that draws `text` as `seen` at all, best first; its size is good to a few per cent."""
    extent = _extent(seen)
    if extent is None or not text.strip():
        return []
    scale = min(1.0, _DRAFT_HEIGHT / (extent.bottom - extent.top))
    draft, small = _reduced(seen, scale), Extent(*(edge * scale for edge in extent))
    fits = _ranked(draft, text, [guess for face in faces for guess in _guesses(text, face, small)[:1]])
    return [replace(_enlarged(fit, scale), score=fit.score) for fit in fits]


def redrawn(seen: Matte, text: str, fit: Fit) -> Matte:
    """`text` set like `fit`, each letter moved to where it was `seen`."""
    return _redrawn(seen, text, fit)[0]


def letter_spans(seen: Matte, text: str, fit: Fit) -> list[tuple[float, float]]:
    """Where the pen starts and ends for each character of `text` as `seen`, in columns of `seen`."""
    _, strayed = _redrawn(seen, text, fit)
    font = sized(fit.style.face, fit.style.size)
    starts = [fit.x + place + stray for place, stray in zip(pens(fit.style, text), strayed, strict=True)]
    return [(start, start + font.getlength(character)) for start, character in zip(starts, text, strict=True)]


def placed_letters(seen: Matte, text: str, fit: Fit) -> list[tuple[str, float]]:
    """The characters of `text` but for spaces, each with the column its pen stands in to lie where it was `seen`."""
    _, strayed = _redrawn(seen, text, fit)
    places = zip(text, pens(fit.style, text), strayed, strict=True)
    return [(character, fit.x + place + stray) for character, place, stray in places if not character.isspace()]


def drafted(seen: Matte, text: str, faces: Sequence[Face]) -> tuple[Matte, Fit] | None:
    """`seen` at draft size, and the fit there of the face that redraws `text` best; None when none does."""
    extent = _extent(seen)
    if extent is None or not text.strip():
        return None
    scale = min(1.0, _DRAFT_HEIGHT / (extent.bottom - extent.top))
    draft, small = _reduced(seen, scale), Extent(*(edge * scale for edge in extent))
    fits = _ranked(draft, text, [guess for face in faces for guess in _guesses(text, face, small)])
    return (draft, _refined(draft, text, fits[0], _COARSE)) if fits else None


def _extent(seen: Matte) -> Extent | None:
    """The rectangle of what is more ink than ground, its edges between pixels where a pixel is partly ink."""
    rows, columns = seen.max(axis=1), seen.max(axis=0)
    top, left = (np.flatnonzero(profile > 0.5) for profile in (rows, columns))
    if not top.size:
        return None
    return Extent(
        left[0] - _beyond(columns, left[0] - 1),
        top[0] - _beyond(rows, top[0] - 1),
        left[-1] + 1 + _beyond(columns, left[-1] + 1),
        top[-1] + 1 + _beyond(rows, top[-1] + 1),
    )


def _beyond(profile: Matte, at: int) -> float:
    return float(profile[at]) if 0 <= at < len(profile) else 0.0


def _reduced(seen: Matte, scale: float) -> Matte:
    size = (max(1, round(seen.shape[1] * scale)), max(1, round(seen.shape[0] * scale)))
    return np.asarray(Image.fromarray(seen).resize(size, Image.Resampling.BOX))


def _enlarged(fit: Fit, scale: float) -> Fit:
    return Fit(fit.style.scaled(1 / scale), fit.x / scale, fit.baseline / scale, 0.0)


def _guesses(text: str, face: Face, extent: Extent, slant: float = 0.0) -> list[Fit]:
    """`face` as tall as the ink, with letters spaced to its width and not, and `face` as wide as the ink."""
    if slant and face.italic:
        return []
    unit = LineStyle(face, 100.0, slant=slant)
    left, top, right, bottom = ink_extent(unit, text)
    width, height = extent.right - extent.left, extent.bottom - extent.top
    by_width, by_height = 100 * width / max(1, right - left), 100 * height / max(1, bottom - top)
    if not 0.5 < by_width / by_height < 2 or by_height < 4:
        return []
    spaced = (width - (right - left) * by_height / 100) / max(1, len(text) - 1)
    tall, wide = replace(unit, size=by_height), replace(unit, size=by_width)
    return [_laid(text, style, extent) for style in (replace(tall, tracking=spaced), tall, wide)]


def _ranked(seen: Matte, text: str, fits: Iterable[Fit]) -> list[Fit]:
    return sorted((_scored(seen, text, fit) for fit in fits), key=lambda fit: fit.score, reverse=True)


def _laid(text: str, style: LineStyle, extent: Extent) -> Fit:
    """`style` with its ink starting where the seen ink starts, halfway between fitting its top and its bottom."""
    left, top, _, bottom = ink_extent(style, text)
    return Fit(style, extent.left - left, (extent.top + extent.bottom - top - bottom) / 2, 0.0)


def _scored(seen: Matte, text: str, fit: Fit) -> Fit:
    """`fit` with its score: ink shared with the line redrawn, less what spacing, slant and straying cost."""
    drawn, strayed = _redrawn(seen, text, fit)
    shared = float(np.minimum(seen, drawn).sum()) / max(1e-6, float(np.maximum(seen, drawn).sum()))
    straying = float(np.abs(np.diff(strayed)).mean()) if len(text) > 1 else 0.0
    cost = (_TRACKED * abs(fit.style.tracking) + _STRAYED * straying) / fit.style.size
    return replace(fit, score=max(0.0, shared - cost - (_SHEARED if fit.style.slant else 0.0)))


def _redrawn(seen: Matte, text: str, fit: Fit) -> tuple[Matte, list[int]]:
    """`text` drawn over `seen` letter by letter, each where it covers most ink, and how far each strayed to the right.

    Kerning differs between typesetters: a letter may stray a little further than the one before it, more so after a
    space.
    """
    drawn, strayed, stray = np.zeros_like(seen), [0] * len(text), 0
    after_space = False
    for index, (place, character) in enumerate(zip(pens(fit.style, text), text, strict=True)):
        strayed[index] = stray
        if character.isspace():
            after_space = True
            continue
        glyph = draw_letter(fit.style, character, fit.x + place, fit.baseline)
        top, width = max(0, glyph.top), glyph.matte.shape[1]
        matte = glyph.matte[top - glyph.top : max(0, seen.shape[0] - glyph.top)]
        bottom = top + len(matte)
        reach = max(3, round(0.12 * fit.style.size)) if after_space else max(1, round(0.03 * fit.style.size))
        choices = [
            (float(np.vdot(seen[top:bottom, start : start + width], matte)), -abs(at - stray), at)
            for at in range(stray - reach, stray + reach + 1)
            if (start := glyph.left + at) >= 0 and start + width <= seen.shape[1]
        ]
        if choices:
            stray = strayed[index] = max(choices)[2]
        lay(drawn, glyph, stray)
        after_space = False
    return drawn, strayed


def _refined(seen: Matte, text: str, fit: Fit, steps: Iterable[float]) -> Fit:
    """`fit` improved by small steps in size, spacing and place for as long as a step helps."""
    best = _scored(seen, text, fit)
    for step in steps:
        for _ in range(8):
            better = max(_neighbours(seen, text, best, step), key=lambda other: other.score)
            if better.score <= best.score + 1e-4:
                break
            best = better
    return best


def _softened(seen: Matte, text: str, fit: Fit) -> Fit:
    """`fit` with the blur under which it looks most like what was seen."""
    fits = (_scored(seen, text, replace(fit, style=replace(fit.style, softness=blur))) for blur in _SOFTNESS)
    return max(fits, key=lambda other: other.score)


def _neighbours(seen: Matte, text: str, fit: Fit, step: float) -> list[Fit]:
    """The styles and places one small step away; growing keeps the line's start or its middle where it is."""
    style, nudge = fit.style, 25 * step
    moves = [(style, fit.x + dx, fit.baseline + dy) for dx, dy in ((nudge, 0), (-nudge, 0), (0, nudge), (0, -nudge))]
    for factor in (1 + step, 1 - step):
        grown = replace(style, size=style.size * factor)
        wider = advance(grown, text) - advance(style, text)
        moves += [(grown, fit.x - wider / 2, fit.baseline), (grown, fit.x, fit.baseline)]
        if style.tracking:
            moves.append((replace(grown, tracking=style.tracking - wider / len(text)), fit.x, fit.baseline))
    return [_scored(seen, text, Fit(moved, x, baseline, 0.0)) for moved, x, baseline in moves]
