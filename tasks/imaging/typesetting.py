"""Where new lettering goes: which way a line is aligned, how much room it has, how a long text is broken and shrunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

import numpy as np

from tasks.domain.models import Box
from tasks.domain.wording import Script, script_of
from tasks.imaging.area import Mask, Pixels, bounding_box
from tasks.imaging.lettering import LineStyle, ink_extent

_EDGE = 12.0
"""Jump of colour (0..255, mean over the line's rows) that ends a banner."""
_SMALLEST = 0.62
"""Share of the old size below which a text is rather broken into lines than shrunk."""
_LEADING = 1.25
"""Distance of baselines over size, the usual default of layout programs."""


class Alignment(StrEnum):
    """The part of a line that stays in place when its length changes."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Setting(NamedTuple):
    """One line to draw: its words, its style, and where its pen starts."""

    text: str
    style: LineStyle
    x: float
    baseline: float


@dataclass(frozen=True)
class Room:
    """The rectangle a text may fill, in pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float


def free_room(picture: Pixels, line: Box, others: Iterable[Box], allowed: Mask | None) -> Room:
    """The room around `line` in a picture its lettering was already taken out of.

    It ends at the edges of the banner the line stands on, at other lines, at the allowed region, and short of the
    picture's border.
    """
    height, width = picture.shape[:2]
    inset = round(0.02 * min(height, width))
    left, right = _banner(picture[line.top : line.bottom].mean(axis=0), line.left, line.right)
    columns = slice(max(line.left, 0), max(line.right, line.left + 1))
    top, bottom = _banner(picture[:, columns].mean(axis=1), line.top, line.bottom)
    gap = 0.15 * line.height
    room = [max(left + gap, inset), max(top, inset), min(right - gap, width - inset), min(bottom, height - inset)]
    for other in others:
        if other.top < line.bottom and line.top < other.bottom:
            if other.left >= line.right:
                room[2] = min(room[2], other.left - 2 * gap)
            elif other.right <= line.left:
                room[0] = max(room[0], other.right + 2 * gap)
        elif other.left < line.right and line.left < other.right:
            if other.top >= line.bottom:
                room[3] = min(room[3], other.top - gap)
            elif other.bottom <= line.top:
                room[1] = max(room[1], other.bottom + gap)
    if allowed is not None and allowed.any():
        edge = bounding_box(allowed)
        room = [max(room[0], edge.left), max(room[1], edge.top), min(room[2], edge.right), min(room[3], edge.bottom)]
    return Room(min(room[0], line.left), min(room[1], line.top), max(room[2], line.right), max(room[3], line.bottom))


def _banner(profile: Pixels, start: int, end: int) -> tuple[int, int]:
    """Where the colours along `profile` jump before `start` and after `end`; its own ends where they do not."""
    jumps = np.flatnonzero(np.linalg.norm(profile[2:] - profile[:-2], axis=-1) > _EDGE) + 1
    before, after = jumps[jumps < start], jumps[jumps > end]
    return (int(before[-1]) if before.size else 0), (int(after[0]) if after.size else len(profile))


def alignment_of(line: Box, others: Iterable[Box], room: Room, width: int) -> Alignment:
    """How `line` is aligned: as its neighbours above and below are, else within its banner, else within the picture."""
    reach, slack = 8 * line.height, max(4.0, 0.2 * line.height)
    near = [box for box in others if box.top - line.bottom < reach and line.top - box.bottom < reach]
    votes = {
        Alignment.LEFT: sum(abs(box.left - line.left) < slack for box in near),
        Alignment.CENTRE: sum(abs(box.left + box.right - line.left - line.right) < 2 * slack for box in near),
        Alignment.RIGHT: sum(abs(box.right - line.right) < slack for box in near),
    }
    most = max(votes.values())
    winners = [alignment for alignment, count in votes.items() if count == most]
    if most and len(winners) == 1:
        return winners[0]
    before, after = line.left - room.left, room.right - line.right
    if abs(before - after) < max(2 * slack, 0.04 * width):
        return Alignment.CENTRE
    return Alignment.RIGHT if before > 0.4 * width and after < 0.1 * width else Alignment.LEFT


def typeset(text: str, style: LineStyle, ink: Box, baseline: float, room: Room, align: Alignment) -> list[Setting]:
    """`text` set where the ink of an old line was: on its baseline and aligned with it, smaller or broken if it must.

    A text that fits is one line of the old size. One that does not is shrunk; before it gets much smaller than the old
    one, it is broken into up to three lines about the old line's middle.
    """
    choices = []
    for count in (1, 2, 3):
        lines = broken(text, count)
        if len(lines) < count:
            break
        size = min(style.size, _largest(lines, style, ink, room, align))
        choices.append((lines, size))
        if size >= _SMALLEST * style.size:
            break
    lines, size = max(choices, key=lambda choice: choice[1])
    scaled = style.scaled(size / style.size)
    first = baseline
    if len(lines) > 1:
        block_top, block_bottom = _block(lines, scaled)
        middle = (ink.top + ink.bottom) / 2
        middle = min(
            max(middle, room.top + (block_bottom - block_top) / 2), room.bottom - (block_bottom - block_top) / 2
        )
        first = middle - (block_top + block_bottom) / 2
    return [
        Setting(line, scaled, _start(line, scaled, ink, room, align), first + index * _LEADING * size)
        for index, line in enumerate(lines)
    ]


def _block(lines: Sequence[str], style: LineStyle) -> tuple[float, float]:
    """Top and bottom of the ink of several lines around the first one's baseline."""
    _, top, _, _ = ink_extent(style, lines[0])
    _, _, _, bottom = ink_extent(style, lines[-1])
    return top, bottom + (len(lines) - 1) * _LEADING * style.size


def _largest(lines: Sequence[str], style: LineStyle, ink: Box, room: Room, align: Alignment) -> float:
    """The largest size at which all lines fit the room, reckoned from the ink at the size of `style`."""
    boxes = [ink_extent(style, line) for line in lines]
    widest = max(right - left for left, _, right, _ in boxes)
    middle = (ink.left + ink.right) / 2
    width = {
        Alignment.LEFT: room.right - ink.left,
        Alignment.CENTRE: 2 * min(middle - room.left, room.right - middle),
        Alignment.RIGHT: ink.right - room.left,
    }[align]
    size = style.size * max(width, ink.width) / max(1.0, widest)
    if len(lines) > 1:
        top, bottom = _block(lines, style)
        size = min(size, style.size * (room.bottom - room.top) / max(1.0, bottom - top))
    return size


def _start(line: str, style: LineStyle, ink: Box, room: Room, align: Alignment) -> float:
    """Where the pen starts so that the line's ink is aligned with the old ink and stays in the room."""
    left, _, right, _ = ink_extent(style, line)
    start = {
        Alignment.LEFT: ink.left - left,
        Alignment.CENTRE: (ink.left + ink.right - left - right) / 2,
        Alignment.RIGHT: ink.right - right,
    }[align]
    return max(min(start, room.right - right), room.left - left)


def broken(text: str, count: int) -> list[str]:
    """`text` in at most `count` lines of nearly equal length: at spaces, or between hanzi."""
    pieces = text.split() if " " in text.strip() or script_of(text) is not Script.HANZI else list(text)
    glue = " " if " " in text.strip() else ""
    cuts = combinations(range(1, len(pieces)), min(count, len(pieces)) - 1)
    broken = ([glue.join(pieces[a:b]) for a, b in zip((0, *cut), (*cut, len(pieces)), strict=True)] for cut in cuts)
    return min(broken, key=lambda lines: max(map(len, lines)))
