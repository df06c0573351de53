"""Words found in an instruction however they are spelt: wide, in capitals, with invisible or spread-out letters.

What looks alike but is another letter (Cyrillic a for Latin a), and other words for the same thing, are not found: a
list is a fence, not a wall.
"""

from __future__ import annotations

import re
import unicodedata

from pydantic_core import SchemaError, SchemaValidator, core_schema

from tasks.domain.errors import PolicyError
from tasks.domain.policy import Language

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode: what is drawn as nothing."""
GAP = r"[\s\-_.,·•*~|/\\+]"
"""What may be put between letters to hide a word."""
_CJK = r"\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}"
_NO_LETTER = r"[^\p{L}\p{M}\p{N}]"
_EDGE = rf"(?:{_NO_LETTER}|[{_CJK}])"
"""Where a word of an alphabet ends: Korean endings and Chinese characters are written on to it."""


def flattened(text: str) -> str:
    """The text with its differences of width, case and composition gone, and without what is not seen (NFKC)."""
    seen = INVISIBLE.sub("", unicodedata.normalize("NFKC", INVISIBLE.sub("", text)))
    return unicodedata.normalize("NFKC", seen.casefold())


class Finder:
    """A regular expression that takes time in proportion to the text, whatever it is: Rust's, through pydantic."""

    def __init__(self, pattern: str, name: str) -> None:
        self.name = name
        """As the policy wrote it."""
        try:
            self._validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
        except SchemaError as broken:
            raise PolicyError(f"{name!r} cannot be looked for: {' '.join(str(broken).split())}") from broken

    def found_in(self, flat: str) -> bool:
        """True when it is somewhere in a flattened text."""
        return self._validator.isinstance_python(flat)


def finder_of(language: Language, phrase: str) -> Finder:
    """What finds a phrase as its language writes it. Raises `PolicyError` for one without a letter that is seen."""
    words = re.split(rf"{GAP}+", flattened(phrase))
    letters = [re.escape(letter) for word in words for letter in word]
    if not letters:
        raise PolicyError(f"{phrase!r} has nothing to look for: write a word, or remove it")
    joined = f"{GAP}*".join(re.escape(word) for word in words if word)
    spread = f"{GAP}+".join(letters)
    match language:
        case Language.EN:
            pattern = rf"(?:^|{_EDGE})(?:{joined}|{spread})(?:{_EDGE}|$)"
        case Language.KO:  # letters that only stand side by side in two words are no word
            pattern = rf"{joined}|(?:^|{_NO_LETTER}){spread}"
        case Language.ZH:
            pattern = f"{GAP}*".join(letters)
    return Finder(pattern, phrase)
