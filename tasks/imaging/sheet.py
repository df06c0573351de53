"""Before and after on one sheet, for people who look rather than read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.domain.models import Verdict

WIDTH = 1600
"""Pixels; fits a laptop screen and a Prefect artifact."""

TALLEST = 2400
"""Pixels of one picture on the sheet: a ribbon must not make a sheet no format holds."""

GAP = 16
LINE = 34
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
        small = picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
        sheet.paste(small, corner, small)
        draw.text((corner[0], corner[1] + size[1] + 4), shorten(caption, font, column), font=font, fill=INK)
    return sheet


def evidence_sheet(before: Image.Image, after: Image.Image, verdict: Verdict) -> Image.Image:
    """Before, after and where they differ, side by side, what failed framed in red and named below; mode RGB."""
    scale = min(1.0, (WIDTH - 4 * GAP) / 3 / before.width, TALLEST / before.height)
    size = (max(1, round(before.width * scale)), max(1, round(before.height * scale)))
    column = max(size[0], 240)
    failed = [check for check in verdict.checks if not check.passed]
    notes = [f"{check.failure}: {check.detail}" for check in failed] or ["every check passed"]
    sheet = Image.new("RGB", (3 * column + 4 * GAP, size[1] + LINE * (1 + len(notes)) + 2 * GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FACE, 20, layout_engine=ImageFont.Layout.BASIC)
    small = [picture.convert("RGB").resize(size, Image.Resampling.LANCZOS) for picture in (before, after)]
    for number, (picture, caption) in enumerate(
        ((small[0], "before"), (small[1], "after"), (_heat(*small), "difference, bright: large"))
    ):
        left = GAP + number * (column + GAP)
        sheet.paste(picture, (left, GAP))
        draw.text((left, GAP + size[1] + 4), caption, font=font, fill=INK)
        for check in failed:
            if check.region is not None:
                edges = [round(edge * scale) for edge in check.region]
                box = (left + edges[0], GAP + edges[1], left + max(edges[0], edges[2]), GAP + max(edges[1], edges[3]))
                draw.rectangle(box, outline=ALARM, width=2)
    for number, note in enumerate(notes, start=1):
        line = shorten(note, font, sheet.width - 2 * GAP)
        draw.text((GAP, GAP + size[1] + 4 + number * LINE), line, font=font, fill=ALARM if failed else INK)
    return sheet


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
