"""The typefaces at hand: what each looks like, which texts it can draw, which one stands in where it cannot.

The bundled faces (see fonts/README.md) draw English, Chinese and Korean on any machine; faces installed in the standard
folders join them, so that a poster set in one of those keeps its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

_BUNDLED = Path(__file__).parent / "fonts"
_ABSENT = "\U0010ffff"  # a noncharacter: no font draws it, so it shows what a font draws instead


class Genre(StrEnum):
    """Kinds of letterform that a reader tells apart at a glance."""

    SANS = "sans"
    SERIF = "serif"
    ROUND = "round"


@dataclass(frozen=True)
class Face:
    """One typeface in one file (one face of it, where the file is a collection)."""

    path: str
    genre: Genre
    bold: bool = False
    italic: bool = False
    index: int = 0

    @property
    def name(self) -> str:
        """Name of the file without its suffix."""
        return Path(self.path).stem


_LETTERFORMS: tuple[tuple[str, Genre, bool, bool], ...] = (  # file, genre, bold, italic
    ("NotoSansCJK-Regular.otf", Genre.SANS, False, False),
    ("NotoSansCJK-Bold.otf", Genre.SANS, True, False),
    ("NotoSerifCJK-Regular.otf", Genre.SERIF, False, False),
    ("NotoSerifCJK-Bold.otf", Genre.SERIF, True, False),
    ("NanumSquareRoundR.ttf", Genre.ROUND, False, False),
    ("NanumSquareRoundB.ttf", Genre.ROUND, True, False),
    ("LiberationSans-Regular.ttf", Genre.SANS, False, False),
    ("LiberationSans-Bold.ttf", Genre.SANS, True, False),
    ("LiberationSans-Italic.ttf", Genre.SANS, False, True),
    ("LiberationSans-BoldItalic.ttf", Genre.SANS, True, True),
    ("LiberationSerif-Regular.ttf", Genre.SERIF, False, False),
    ("LiberationSerif-Bold.ttf", Genre.SERIF, True, False),
    ("LiberationSerif-Italic.ttf", Genre.SERIF, False, True),
    ("LiberationSerif-BoldItalic.ttf", Genre.SERIF, True, True),
    ("DejaVuSans.ttf", Genre.SANS, False, False),
    ("DejaVuSans-Bold.ttf", Genre.SANS, True, False),
)
BUNDLED: tuple[Face, ...] = tuple(
    Face(str(_BUNDLED / file), genre, bold, italic) for file, genre, bold, italic in _LETTERFORMS
)

_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
}
_MOST_INSTALLED = 200
"""Font files looked at: a desktop full of fonts must not make every edit slow."""
_GENRE_WORDS = {
    Genre.SERIF: ("serif", "myeongjo", "batang", "gungsuh", "ming", "song", "roman", "times", "georgia", "mincho"),
    Genre.ROUND: ("round",),
}
_BOLD_WORDS = ("bold", "black", "heavy")


@cache
def installed() -> tuple[Face, ...]:
    """Upright and italic faces in this system's font folders, in the order of their paths, at most 200."""
    found = (
        Path(folder, file)
        for root in _FOLDERS.get(sys.platform, ())
        for folder, _, files in os.walk(Path(root).expanduser())
        for file in files
        if Path(file).suffix.lower() in {".ttf", ".otf", ".ttc"}
    )
    known = {face.name for face in BUNDLED}
    fresh = sorted(path for path in found if path.stem not in known)
    return tuple(face for path in fresh[:_MOST_INSTALLED] for face in _examined(path))


def _examined(path: Path) -> Iterator[Face]:
    try:
        family, style = ImageFont.truetype(str(path), 20, layout_engine=ImageFont.Layout.BASIC).getname()
    except (OSError, ValueError):  # damaged, or a format FreeType does not draw: not a face at hand
        return
    words = f"{family} {style} {path.stem}".lower().replace("sans-serif", "").replace("sans serif", "")
    genre = next((genre for genre, hints in _GENRE_WORDS.items() if any(h in words for h in hints)), Genre.SANS)
    italic = "italic" in words or "oblique" in words
    yield Face(str(path), genre, any(word in words for word in _BOLD_WORDS), italic)


@lru_cache(maxsize=256)
def sized(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """`face` at `size` pixels per em. Basic layout, so that results do not depend on installed shaping libraries."""
    return ImageFont.truetype(face.path, size, index=face.index, layout_engine=ImageFont.Layout.BASIC)


def covers(face: Face, text: str) -> bool:
    """True when `face` has a glyph for every character of `text`."""
    return all(_has_glyph(face, character) for character in set(text) if not character.isspace())


@lru_cache(maxsize=20_000)
def _has_glyph(face: Face, character: str) -> bool:
    font = sized(face, 20)
    drawn, blank = font.getmask(character), font.getmask(_ABSENT)
    return bool(drawn.getbbox()) and (drawn.size, bytes(drawn)) != (blank.size, bytes(blank))


def faces_for(text: str) -> tuple[Face, ...]:
    """The faces that can draw `text`, bundled ones first."""
    return tuple(face for face in (*BUNDLED, *installed()) if covers(face, text))


def stand_in(face: Face, text: str) -> Face | None:
    """`face` if it can draw `text`, else the bundled face most like it that can; None when none can."""
    able = [other for other in (face, *BUNDLED) if covers(other, text)]

    def likeness(other: Face) -> tuple[bool, ...]:
        return other == face, other.genre == face.genre, other.bold == face.bold, other.italic == face.italic

    return max(able, key=likeness, default=None)


def same_height(face: Face, size: float, other: Face) -> float:
    """Size of `other` at which its capital H is as tall as that of `face` at `size`.

    Capitals are the yardstick across scripts as well: a CJK face's own designers balanced its Latin against its
    Hangul and hanzi.
    """
    ours, theirs = (sized(f, 100).getbbox("H", anchor="ls")[1] for f in (face, other))
    return size * ours / theirs
