"""Comparing wordings: what counts as the same text when one side was read off a picture.

A reader of pictures loses spaces, mistakes punctuation and sometimes a letter; a person who quotes a poster writes the
words their own way. Everything here compares what is left after `normalise`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

TOLERANCE = 0.2
"""Share of a quotation's characters that may differ from what was read: one misread character in five."""


ALIKE_IN_BOTH_CASES = frozenset("cosuvwxzkpilj")
"""Latin letters that a reader of pictures may take for their capitals."""


class Script(StrEnum):
    """Writing systems the project draws and reads."""

    LATIN = "latin"
    HANGUL = "hangul"
    HANZI = "hanzi"


class Span(NamedTuple):
    """Characters `start` (included) to `end` (excluded) of a text, and how many of them differ from the quotation."""

    start: int
    end: int
    errors: int


_BLOCKS: dict[Script, tuple[tuple[int, int], ...]] = {  # of Unicode 16, first and last code point
    Script.HANGUL: ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF)),
    Script.HANZI: ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
}


def script_of(text: str) -> Script:
    """The script that decides which font can draw `text`: Hangul before hanzi before Latin."""
    for script, blocks in _BLOCKS.items():
        if any(first <= ord(character) <= last for character in text for first, last in blocks):
            return script
    return Script.LATIN


def has_hangul(text: str) -> bool:
    """True when at least one character of `text` is Hangul."""
    return script_of(text) is Script.HANGUL


def normalise(text: str) -> str:
    """`text` without what readers get wrong: NFKC, case folded, letters and digits only.

    A text of nothing but signs ('%', '&') is kept as it is, without its spaces, so that it can still be looked for.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded)) or "".join(folded.split())


def same_case(wanted: str, read: str) -> bool:
    """True when `wanted`, as far as it stands in `read`, has the same capitals.

    Letters whose capital is only larger (c, o, s, u, v, w, x, z, k, p, i, l) count as either: a reader cannot tell.
    """
    letters, haystack = (
        "".join(
            character.lower() if character.lower() in ALIKE_IN_BOTH_CASES else character
            for character in unicodedata.normalize("NFKC", text)
            if character.isalnum()
        )
        for text in (wanted, read)
    )
    at = haystack.casefold().find(letters.casefold())
    return at < 0 or haystack[at : at + len(letters)] == letters


def character_error_rate(truth: str, read: str) -> float:
    """Edits per character of `truth` that separate it from `read`, both normalised; 0 is equal, may exceed 1."""
    expected = normalise(truth)
    return Levenshtein.distance(expected, normalise(read)) / max(1, len(expected))


def occurrences(quotation: str, text: str) -> tuple[Span, ...]:
    """Where `quotation` stands in `text`, left to right and never overlapping; empty when it does not.

    Exact places (after `normalise`) win; only without any is the best place with at most `TOLERANCE` errors given.
    """
    needle, (haystack, origin) = normalise(quotation), _normalised_with_origin(text)
    if not needle or not haystack:
        return ()
    places = [Span(at, at + len(needle), 0) for at in _exact(needle, haystack)] or [_closest(needle, haystack)]
    if places[0].errors > TOLERANCE * len(needle):
        return ()
    spans = (Span(origin[place.start], origin[place.end - 1] + 1, place.errors) for place in places)
    return tuple(_with_signs(span, quotation, text) for span in spans)


def _with_signs(span: Span, quotation: str, text: str) -> Span:
    """`span` with the signs before and after it that the quotation has there as well, such as the % of '50%'."""
    letters = [at for at, character in enumerate(quotation) if character.isalnum()]
    if not letters:
        return span
    before, after = quotation[: letters[0]].strip(), quotation[letters[-1] + 1 :].strip()
    start = span.start - len(before) if before and text[: span.start].endswith(before) else span.start
    end = span.end + len(after) if after and text[span.end :].startswith(after) else span.end
    return Span(start, end, span.errors)


def _normalised_with_origin(text: str) -> tuple[str, Sequence[int]]:
    """`normalise(text)`, and for each of its characters the index in `text` it came from."""
    signs_only = not any(map(str.isalnum, unicodedata.normalize("NFKC", text)))
    pairs = [
        (folded, index)
        for index, character in enumerate(text)
        for folded in unicodedata.normalize("NFKC", character).casefold()
        if (not folded.isspace() if signs_only else folded.isalnum())
    ]
    return "".join(folded for folded, _ in pairs), [index for _, index in pairs]


def _exact(needle: str, haystack: str) -> Iterator[int]:
    at = haystack.find(needle)
    while at >= 0:
        yield at
        at = haystack.find(needle, at + len(needle))


def _closest(needle: str, haystack: str) -> Span:
    """The stretch of `haystack` with the fewest differences; ties go to the length of the needle, then to the left."""
    widths = range(max(1, len(needle) - 1), min(len(haystack), len(needle) + 1) + 1)
    candidates = (
        Span(start, start + width, Levenshtein.distance(needle, haystack[start : start + width]))
        for width in widths
        for start in range(len(haystack) - width + 1)
    )
    whole = Span(0, len(haystack), Levenshtein.distance(needle, haystack))
    return min(candidates, key=lambda s: (s.errors, abs(s.end - s.start - len(needle)), s.start), default=whole)
