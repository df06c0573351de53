"""Before and after on one sheet, for people who look rather than read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.domain.models import Box, Check, Verdict

WIDTH = 1600
"""Pixels; fits a laptop screen and a Prefect artifact."""

TALLEST = 2400
"""Pixels of one picture on the sheet: a ribbon must not make a sheet no format holds."""

SCALING = Image.Resampling.HAMMING
"""Pictures are only made smaller here: as clear to the eye as Lanczos at half its time."""

GAP = 16
LINE = 34
BADGE = 32
"""Pixels a side of a number on a frame."""
PAPER, INK, ALARM = (250, 250, 248), (40, 40, 40), (205, 40, 40)
FACE = Path(__file__).parent / "fonts" / "NotoSansCJK-Regular.otf"


def before_after(before: Image.Image, after: Image.Image, caption_before: str, caption_after: str) -> Image.Image:
    """The two pictures at one scale with a caption under each: side by side, wide ones above each other; mode RGB.

    Never enlarges; at most `WIDTH` pixels wide, each picture at most `TALLEST` high. A caption too long for its picture
    ends in an ellipsis.
    """
    stacked = before.width > 2 * before.height
    room = WIDTH if stacked else (WIDTH - GAP) // 2
    scale = min(1.0, room / before.width, TALLEST / before.height)
    size = (max(1, round(before.width * scale)), max(1, round(before.height * scale)))
    column = max(size[0], 160)  # room for the caption of a tiny picture
    step = (0, size[1] + LINE + GAP) if stacked else (column + GAP, 0)
    sheet = Image.new("RGB", (column + step[0] + 2 * GAP, size[1] + step[1] + LINE + 2 * GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(FACE, 20, layout_engine=ImageFont.Layout.BASIC)
    for number, (picture, caption) in enumerate(((before, caption_before), (after, caption_after))):
        corner = (GAP + number * step[0], GAP + number * step[1])
        small = picture.resize(size, SCALING)
        sheet.paste(small, corner, small if small.mode == "RGBA" else None)
        draw.text((corner[0], corner[1] + size[1] + 4), shorten(caption, font, column), font=font, fill=INK)
    return sheet


def evidence_sheet(before: Image.Image, after: Image.Image, verdict: Verdict) -> Image.Image:
    """Before, after and where they differ, mode RGB; what failed is framed in red, numbered, and named below.

    Numbers are those of `Verdict.failed`. Tall pictures stand in one row, wide ones in two.
    """
    columns = 3 if before.height > before.width else 2
    scale = min(1.0, (WIDTH - (columns + 1) * GAP) / columns / before.width, TALLEST / before.height)
    size = (max(1, round(before.width * scale)), max(1, round(before.height * scale)))
    column, row = max(size[0], 240), size[1] + LINE + GAP
    failed = verdict.failed
    notes = [f"{number}  {check.failure}: {check.detail}" for number, check in failed.items()] or ["every check passed"]
    bottom = GAP + row * -(-3 // columns)
    sheet = Image.new("RGB", (columns * column + (columns + 1) * GAP, bottom + LINE * len(notes) + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FACE, 20, layout_engine=ImageFont.Layout.BASIC)
    small = [picture.convert("RGB").resize(size, SCALING) for picture in (before, after)]
    captions = ("before", "after", "difference, bright: large")
    for place, (picture, caption) in enumerate(zip((*small, _heat(*small)), captions, strict=True)):
        corner = (GAP + place % columns * (column + GAP), GAP + place // columns * row)
        sheet.paste(picture, corner)
        draw.text((corner[0], corner[1] + size[1] + 4), caption, font=font, fill=INK)
        _frame(draw, corner, scale, failed)
    for line, note in enumerate(notes):
        text = shorten(note, font, sheet.width - 2 * GAP)
        draw.text((GAP, bottom + line * LINE), text, font=font, fill=ALARM if failed else INK)
    return sheet


def _frame(draw: ImageDraw.ImageDraw, corner: tuple[int, int], scale: float, failed: Mapping[int, Check]) -> None:
    """What failed, on a picture that was pasted at `corner`: a frame, and its number on the frame."""
    font = ImageFont.truetype(FACE, BADGE - 6, layout_engine=ImageFont.Layout.BASIC)
    taken: Counter[Box] = Counter()
    for number, check in failed.items():
        if check.region is None:
            continue
        left, top, right, bottom = (round(edge * scale) + corner[side % 2] for side, edge in enumerate(check.region))
        draw.rectangle((left, top, max(left, right), max(top, bottom)), outline=ALARM, width=3)
        at = (left + taken[check.region] * BADGE, max(corner[1], top - BADGE))
        draw.rectangle((*at, at[0] + BADGE, at[1] + BADGE), fill=ALARM)
        draw.text((at[0] + BADGE // 2, at[1] + BADGE // 2), str(number), font=font, fill=PAPER, anchor="mm")
        taken[check.region] += 1


def _heat(before: Image.Image, after: Image.Image) -> Image.Image:
    """Where two pictures differ: dark where equal, bright from a difference of 60 grey levels in any channel."""
    apart = np.abs(np.asarray(before, np.int16) - np.asarray(after, np.int16)).max(axis=-1)
    heat = cv2.applyColorMap(np.clip(apart * 255 / 60, 0, 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return Image.fromarray(cv2.cvtColor(heat, cv2.COLOR_BGR2RGB))


def shorten(caption: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    """`caption` on one line of at most `room` pixels, with an ellipsis where it was cut."""
    line = " ".join(caption.split())
    if font.getlength(line) <= room:
        return line
    while line and font.getlength(f"{line}…") > room:
        line = line[:-1]
    return f"{line}…"
