"""One line of lettering changed in a picture: the old words lifted off the ground, the new ones set in their style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from PIL import Image

from tasks.domain.errors import EngineError
from tasks.domain.models import Box
from tasks.imaging.area import Mask, window
from tasks.imaging.fitting import Fit, fit_style, letter_spans
from tasks.imaging.glyphs import isolate
from tasks.imaging.ink import ink_of
from tasks.imaging.lettering import LineStyle, advance
from tasks.imaging.lifting import Lifted, Sheet, lift
from tasks.imaging.typeface import faces_for, same_height, stand_in
from tasks.imaging.typesetting import Alignment, Room, Setting, alignment_of, free_room, typeset

_LEAST_FIT = 0.4
"""Fit under which what was found is not the quoted words at all."""
_SNUG = 0.06
"""Share of the size by which a new word may miss the width of its gap before the rest of the line moves."""


class Line(NamedTuple):
    """A line as it was read, and which characters of it are to change: `start` included to `end` excluded."""

    text: str
    box: Box
    start: int
    end: int

    @property
    def is_whole(self) -> bool:
        """True when nothing but spaces is left beside the marked characters."""
        return not (self.text[: self.start].strip() or self.text[self.end :].strip())


@dataclass(frozen=True)
class Rewritten:
    """The changed picture, the style of the new words (None: no new words), and how well it redraws the old, 0..1."""

    image: Image.Image
    style: LineStyle | None = None
    fit: float = 1.0


@dataclass(frozen=True)
class _Job:
    """A lifted line with everything that was found out about it."""

    line: Line
    lifted: Lifted
    fit: Fit
    room: Room
    align: Alignment


def erase(image: Image.Image, line: Line, others: Sequence[Box], allowed: Mask | None) -> Rewritten:
    """`image` (RGB) without the marked characters of `line`; its other words stay where they are. See `rewrite`."""
    lifted, fit = _lifted(image, line, others)
    first, last = (0, lifted.matte.shape[1]) if line.is_whole else _cuts(lifted, line, fit)
    sheet = Sheet(lifted.pixels)
    sheet.wipe(lifted, first, last)
    return Rewritten(sheet.onto(image, allowed))


def rewrite(image: Image.Image, line: Line, new: str, others: Sequence[Box], allowed: Mask | None) -> Rewritten:
    """`image` (RGB) with the marked characters of `line` replaced by `new` in the style of the line.

    The line's other words keep their own pixels; they move only as far as the new words are longer or shorter.
    `others` are the boxes of the other lines: they are neither copied from nor written over. Pixels change only where
    the old lettering or the new is, and only where `allowed` (height x width, None: everywhere) says so. Raises
    `EngineError` when the lettering cannot be told from its ground or no typeface has the new characters.
    """
    lifted, fit = _lifted(image, line, others)
    room = free_room(lifted.bare, lifted.ink_box, others, allowed)
    job = _Job(line, lifted, fit, room, alignment_of(line.box, others, room, image.width))
    sheet = Sheet(lifted.pixels)
    style = _spliced(sheet, job, new) if not line.is_whole else None
    if style is None:
        style = _set_anew(sheet, job, f"{line.text[: line.start]}{new}{line.text[line.end :]}".strip())
    return Rewritten(sheet.onto(image, allowed), style, fit.score)


def _lifted(image: Image.Image, line: Line, others: Sequence[Box]) -> tuple[Lifted, Fit]:
    """The line taken off the picture, and the style it was set in."""
    faces = faces_for(line.text)
    if not faces:
        raise EngineError(f"no typeface at hand draws {line.text!r}; install one that does, or use a generative engine")
    glyphs = isolate(image, line.box, line.text)
    fit = fit_style(glyphs.matte, line.text, faces) if glyphs else None
    if glyphs is None or fit is None or fit.score < _LEAST_FIT:
        raise EngineError(
            f"the lettering of {line.text!r} cannot be told from its ground; use a generative engine for this picture"
        )
    return lift(image, glyphs, line.text, fit, others), fit


def style_for(style: LineStyle, text: str) -> LineStyle:
    """`style` in its own typeface if that draws `text`, else in the one most like it, equally tall to the eye."""
    face = stand_in(style.face, text)
    if face is None:
        raise EngineError(f"no typeface at hand draws {text!r}; install one that does, or use a generative engine")
    if face == style.face:
        return style
    return replace(style, face=face, size=same_height(style.face, style.size, face))


def _set_anew(sheet: Sheet, job: _Job, text: str) -> LineStyle:
    """The whole line wiped and set again as `text`; the style it was set in."""
    lifted = job.lifted
    sheet.wipe(lifted, 0, lifted.matte.shape[1])
    box = lifted.glyphs.box
    ink = ink_of(window(lifted.pixels, box), window(lifted.bare, box), lifted.matte, box)
    style = style_for(job.fit.style, text)
    settings = typeset(text, style, lifted.ink_box, box.top + job.fit.baseline, job.room, job.align)
    for setting in settings:
        sheet.print(setting, ink)
    return settings[0].style


def _spliced(sheet: Sheet, job: _Job, new: str) -> LineStyle | None:
    """Only the marked words set anew, the others moved aside as needed; None, and nothing done, without the room."""
    lifted, line, fit = job.lifted, job.line, job.fit
    style = style_for(fit.style, new)
    first, last = _cuts(lifted, line, fit)
    spans = letter_spans(lifted.matte, line.text, fit)
    pen, end = spans[line.start][0], spans[line.end - 1][1]
    slack = advance(style, new) - (end - pen)
    tail = bool(line.text[line.end :].strip())
    if tail and abs(slack) < _SNUG * style.size:
        pen, slack = pen - slack / 2, 0.0
    pull = {Alignment.LEFT: 0.0, Alignment.CENTRE: -slack / 2, Alignment.RIGHT: -slack}[job.align]
    before, after = round(pull), round(pull + slack)
    if lifted.ink_box.left + before < job.room.left or lifted.ink_box.right + after > job.room.right:
        return None
    width, box = lifted.matte.shape[1], lifted.glyphs.box
    sheet.wipe(lifted, 0 if before else first, width if after and tail else last)
    if before:
        sheet.move(lifted, 0, first, before)
    if after and tail:
        sheet.move(lifted, last, width, after)
    own = np.zeros_like(lifted.matte)
    own[:, first:last] = lifted.matte[:, first:last]
    ink = ink_of(window(lifted.pixels, box), window(lifted.bare, box), own, box)
    sheet.print(Setting(new, style, box.left + pen + before, box.top + fit.baseline), ink)
    return style


def _cuts(lifted: Lifted, line: Line, fit: Fit) -> tuple[int, int]:
    """The columns of the lettering's box between which the marked characters stand, cut where there is least ink."""
    spans = letter_spans(lifted.matte, line.text, fit)
    ink, reach = lifted.matte.sum(axis=0), max(2, round(0.1 * fit.style.size))

    def cut(before: int, after: int) -> int:
        """Between the characters numbered so: in their gap's emptiest column, the one nearest its middle."""
        low, high = sorted((spans[before][1], spans[after][0]))
        columns = np.arange(max(0, int(low) - reach), min(len(ink), int(high) + reach + 1))
        return int(columns[np.lexsort((np.abs(columns - (low + high) / 2), np.round(ink[columns], 1)))[0]])

    printed = [at for at, character in enumerate(line.text) if not character.isspace()]
    inside = [at for at in printed if line.start <= at < line.end]
    head, tail = [at for at in printed if at < line.start], [at for at in printed if at >= line.end]
    first = cut(head[-1], inside[0]) if head else 0
    last = cut(inside[-1], tail[0]) if tail else len(ink)
    return first, last
