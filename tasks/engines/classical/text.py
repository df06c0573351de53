"""Text in pictures without a model: read it, lift it off its ground, set the new words in the old style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.domain.errors import EngineError, UnsupportedInstruction
from tasks.domain.instruction import Operation
from tasks.domain.models import Box, TextLine
from tasks.domain.wording import TOLERANCE, Span, character_error_rate, occurrences
from tasks.engines.protocol import Edited
from tasks.engines.text_reader import read_text
from tasks.imaging.area import around, bounding_box, overlap
from tasks.imaging.caption import write_caption
from tasks.imaging.lettering import LineStyle
from tasks.imaging.rewriting import Line, erase, rewrite
from tasks.imaging.typesetting import broken

Allowed = NDArray[np.bool_] | None
"""Height x width: where pixels may change; None: everywhere."""

_MOST_LINES = 4
"""Lines one quotation may run over."""
_SURE = 0.8
"""Confidence from which lettering is taken as an example; the reader may see letters in the texture of a photograph."""
_INSIDE = 0.4
"""Share of the quoted words' area that must be allowed to change for them to be meant."""


class _Change(NamedTuple):
    """A line with some of its characters marked, and what comes in their place; empty: nothing."""

    line: Line
    new: str


def replace_text(image: Image.Image, operation: Operation, allowed: Allowed) -> Edited:
    """`image` (RGB) with every occurrence of the old words, where `allowed`, rewritten as the new ones.

    Without old words, the text that stands where `allowed` is rewritten. The notes say which typeface and size were
    chosen, how well they redraw the old words (`fit`, 0..1: under 0.3 a guess), and where. Raises
    `UnsupportedInstruction` when the words are not in the picture, `EngineError` when they cannot be lifted off it.
    """
    text = operation.text
    if text is None or not text.new:
        raise UnsupportedInstruction("the new text is missing; put it in quotes: Change the text 'A' to 'B'")
    return _carried_out(image, text.old, text.new, allowed)


def remove_text(image: Image.Image, operation: Operation, allowed: Allowed) -> Edited:
    """`image` (RGB) with the old words taken off wherever `allowed`. Notes and errors: see `replace_text`."""
    return _carried_out(image, operation.text.old if operation.text else None, "", allowed)


def add_text(image: Image.Image, operation: Operation, allowed: Allowed) -> Edited:
    """`image` (RGB) with new words where `allowed`, else in the cell `operation.place`, else where it is calmest.

    They are set like the nearest text already there, in `operation.colour` if given, else in a colour that stands out.
    Raises `UnsupportedInstruction` when the words or the colour are not understood.
    """
    text = operation.text
    if text is None or not text.new:
        raise UnsupportedInstruction("the text to add is missing; put it in quotes: Add the text 'A' at the top")
    lines = [Line(line.text, line.box, 0, len(line.text)) for line in read_text(image) if line.confidence >= _SURE]
    written, style, box = write_caption(image, text.new, lines, operation.place, operation.colour, allowed)
    return Edited(written, _style_notes(style) | {"box": _numbers(box)})


def _carried_out(image: Image.Image, old: str | None, new: str, allowed: Allowed) -> Edited:
    try:
        return _rewritten(image, old, new, allowed, read_text(image))
    except EngineError:
        if allowed is None:
            raise
        try:  # a mark around one word, or a highlight under it, is not the ground of the whole line
            return _rewritten(image, old, new, allowed, _read_within(image, bounding_box(allowed)))
        except UnsupportedInstruction:
            pass
        raise


def _read_within(image: Image.Image, part: Box) -> list[TextLine]:
    """The lines of a part of the picture read by itself, in the picture's own pixels."""

    def moved(box: Box) -> Box:
        return Box(box.left + part.left, box.top + part.top, box.right + part.left, box.bottom + part.top)

    return [line.model_copy(update={"box": moved(line.box)}) for line in read_text(image.crop(part))]


def _rewritten(image: Image.Image, old: str | None, new: str, allowed: Allowed, lines: Sequence[TextLine]) -> Edited:
    changes = list(_changes(old, new, lines, allowed))
    if not changes:
        wanted = f"the text {old!r}" if old else "one text to change"
        seen = ", ".join(repr(line.text) for line in lines if _meant(line.box, allowed)) or "no text at all"
        where = "in the picture" if allowed is None else "where it may change"
        raise UnsupportedInstruction(
            f"{wanted} was not found {where}; seen were: {seen}. Quote the words as they stand in the picture"
        )
    notes: dict[str, str] = {}
    for line, words in changes:
        others = [other.box for other in lines if not overlap(other.box, line.box)]
        done = rewrite(image, line, words, others, allowed) if words else erase(image, line, others, allowed)
        image = done.image
        notes |= {"box": _numbers(line.box)}
        if done.style:
            notes |= _style_notes(done.style) | {"fit": f"{done.fit:.2f}"}
    return Edited(image, notes | {"lines": str(len(changes))})


def _style_notes(style: LineStyle) -> dict[str, str]:
    return {"font": style.face.name, "size": f"{style.size:.1f}"}


def _numbers(box: Box) -> str:
    return " ".join(map(str, box))


def _changes(old: str | None, new: str, lines: Sequence[TextLine], allowed: Allowed) -> Iterator[_Change]:
    """What to change to have `new` for `old`: in single lines where it stands there, else over several."""
    if old is None:
        meant = [line for line in lines if _meant(line.box, allowed)]
        if allowed is not None or len(meant) == 1:
            yield from (_Change(Line(line.text, line.box, 0, len(line.text)), new) for line in meant)
        return
    found = [(line, text, spans) for line in lines for text, spans in _readings(old, line, allowed)]
    fewest = min((span.errors for _, _, spans in found for span in spans), default=None)
    if fewest is None:
        yield from _over_lines(old, new, [line for line in lines if _meant(line.box, allowed)])
    for line, text, spans in found:
        if fewest == min(span.errors for span in spans):
            yield _marked(line, text, spans, old, new)


def _readings(old: str, line: TextLine, allowed: Allowed) -> Iterator[tuple[str, list[Span]]]:
    """The best reading of `line` in which `old` stands where `allowed`, with its places; nothing when there is none."""
    for text in (line.text, *line.alternatives):
        spans = [span for span in occurrences(old, text) if _meant(_place(line.box, text, span), allowed)]
        if spans:
            yield text, spans
            return


def _marked(line: TextLine, text: str, spans: Sequence[Span], old: str, new: str) -> _Change:
    """The change of one line: everything from the first place of `old` to the last is marked.

    What was read is corrected to what was quoted: the quotation knows better.
    """
    between = [text[left.end : right.start] for left, right in pairwise(spans)]
    was, becomes = (word + "".join(gap + word for gap in between) for word in (old, new))
    head, tail = text[: spans[0].start], text[spans[-1].end :]
    return _Change(Line(head + was + tail, line.box, len(head), len(head) + len(was)), becomes)


def _over_lines(old: str, new: str, lines: Sequence[TextLine]) -> Iterator[_Change]:
    """The changes for a quotation that runs over several lines; pieces side by side count as one line."""
    rows = _rows(lines)
    for count in range(1, _MOST_LINES + 1):
        for start in range(len(rows) - count + 1):
            run = rows[start : start + count]
            read = "".join(line.text for line in run)
            if character_error_rate(old, read) <= TOLERANCE:
                words = [*broken(new, count), *[""] * count] if new else [""] * count
                for line, part in zip(run, words, strict=False):
                    yield _Change(Line(line.text, line.box, 0, len(line.text)), part)
                return


def _rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """`lines` from top to bottom, those side by side joined into one."""
    rows: list[TextLine] = []
    for line in sorted(lines, key=lambda each: each.box.top):
        middle = (line.box.top + line.box.bottom) / 2
        beside = bool(rows) and rows[-1].box.top < middle < rows[-1].box.bottom
        rows.append(_joined(rows.pop(), line) if beside else line)
    return rows


def _joined(one: TextLine, other: TextLine) -> TextLine:
    left, right = sorted((one, other), key=lambda line: line.box.left)
    return TextLine(
        text=f"{left.text} {right.text}",
        box=around((left.box, right.box)),
        confidence=min(left.confidence, right.confidence),
    )


def _place(box: Box, text: str, span: Span) -> Box:
    """About where the characters of `span` stand in a line: in proportion to their number."""
    step = box.width / max(1, len(text))
    return Box(box.left + round(span.start * step), box.top, box.left + round(span.end * step), box.bottom)


def _meant(box: Box, allowed: Allowed) -> bool:
    if allowed is None:
        return True
    part = allowed[box.top : box.bottom, box.left : box.right]
    return bool(part.size) and float(part.mean()) >= _INSIDE
