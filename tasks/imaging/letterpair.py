"""The lettering that was and the lettering that is, each told from its ground, in one frame of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tasks.domain.models import Box, TextLine
from tasks.imaging.area import Pixels, window
from tasks.imaging.glyphs import Glyphs, isolate
from tasks.imaging.lettering import Matte

SURE = 0.3
"""Likeness to the words in print from which what was told from the ground is the old words: right ones have 0.6 and
more, stray ones up to 0.25: with old lettering that cannot be told from its ground nothing is compared."""


@dataclass(frozen=True)
class LetterPair:
    """An old line and what took its place; either may be missing. Arrays are of the size of `frame`."""

    frame: Box
    before: Pixels
    after: Pixels
    old: Glyphs | None
    new: Glyphs | None
    old_matte: Matte
    new_matte: Matte


def letter_pair(frame: Box, before: Pixels, after: Pixels, old: TextLine | None, new: TextLine | None) -> LetterPair:
    """What stands in `frame` of the source (`before`: `old`) and of the candidate (`after`: `new`), told apart."""
    was, is_now = _isolated(before, frame, old), _isolated(after, frame, new)
    if was is not None and (was.likeness < SURE or (is_now is not None and _swapped(was, is_now))):
        was = None
    return LetterPair(frame, before, after, was, is_now, _laid(frame, was), _laid(frame, is_now))


def _swapped(was: Glyphs, is_now: Glyphs) -> bool:
    """True when ink and ground changed places: one of the two was told wrongly, a banner taken for lettering."""
    ink, ground, other_ink, other_ground = (
        np.median(colours[matte > 0.5], axis=0)
        for colours, matte in (
            (was.ink, was.matte), (was.ground, was.matte), (is_now.ink, is_now.matte), (is_now.ground, is_now.matte),
        )
    )  # fmt: skip
    across = np.linalg.norm(ink - other_ground) + np.linalg.norm(ground - other_ink)
    return is_now.likeness >= SURE and bool(
        across < 0.5 * (np.linalg.norm(ink - other_ink) + np.linalg.norm(ground - other_ground))
    )


def _isolated(pixels: Pixels, frame: Box, line: TextLine | None) -> Glyphs | None:
    if line is None:
        return None
    box = Box(
        max(0, line.box.left - frame.left),
        max(0, line.box.top - frame.top),
        min(frame.width, line.box.right - frame.left),
        min(frame.height, line.box.bottom - frame.top),
    )
    return isolate(Image.fromarray(np.rint(pixels).astype(np.uint8)), box, line.text)


def _laid(frame: Box, glyphs: Glyphs | None) -> Matte:
    matte = np.zeros((frame.height, frame.width), np.float32)
    if glyphs is not None:
        window(matte, glyphs.box)[...] = glyphs.matte
    return matte
