"""Is a letter really the one asked for? Readers know what words are likely, and overlook a stroke; ink does not.

Each Hangul syllable of a line is drawn over what was seen, and so is every syllable that differs in its vowel or final
(Unicode 16, section 3.12: 21 vowels, 28 finals). When another one explains the ink better, a stroke is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.imaging.fitting import Fit, placed_letters
from tasks.imaging.lettering import Matte, draw_letter

FIRST, LAST = 0xAC00, 0xD7A3
VOWELS, FINALS = 21, 28


def certainty(seen: Matte, text: str, fit: Fit) -> float | None:
    """How much better the syllables of `text`, set like `fit`, explain what was `seen` than any one-part neighbour.

    The least over all syllables of a difference of correlations, -1..1: below zero another syllable fits better. None
    without a Hangul syllable.
    """
    margins = [
        _margin(seen, character, fit, x) for character, x in placed_letters(seen, text, fit) if _is_syllable(character)
    ]
    return min(margins, default=None)


def _is_syllable(character: str) -> bool:
    return FIRST <= ord(character) <= LAST


def _neighbours(syllable: str) -> Iterator[str]:
    """The syllables that differ in the vowel or in the final consonant."""
    lead, rest = divmod(ord(syllable) - FIRST, VOWELS * FINALS)
    vowel, final = divmod(rest, FINALS)
    codes = {(lead, other, final) for other in range(VOWELS)} | {(lead, vowel, other) for other in range(FINALS)}
    for first, second, third in sorted(codes - {(lead, vowel, final)}):
        yield chr(FIRST + (first * VOWELS + second) * FINALS + third)


def _margin(seen: Matte, syllable: str, fit: Fit, x: float) -> float:
    expected = _likeness(seen, syllable, fit, x)
    return expected - max(_likeness(seen, other, fit, x) for other in _neighbours(syllable))


def _likeness(seen: Matte, syllable: str, fit: Fit, x: float) -> float:
    """Correlation of a syllable drawn with its pen at `x` and the ink in its em square, -1..1."""
    glyph = draw_letter(fit.style, syllable, x, fit.baseline)
    size = round(fit.style.size)
    top, left = max(0, round(fit.baseline - 0.92 * size)), max(0, round(x))
    ink = seen[top : top + size, left : left + size]
    drawn = np.zeros_like(ink)
    rows, columns = glyph.top - top, glyph.left - left
    part = glyph.matte[max(0, -rows) :, max(0, -columns) :]
    target = drawn[max(0, rows) : max(0, rows) + part.shape[0], max(0, columns) : max(0, columns) + part.shape[1]]
    target[...] = part[: target.shape[0], : target.shape[1]]
    if ink.std() < 1e-3 or drawn.std() < 1e-3:
        return 0.0
    return float(np.corrcoef(ink.ravel(), drawn.ravel())[0, 1])
