"""Before and after on one sheet, for people who look rather than read."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH = 1600
"""Pixels; fits a laptop screen and a Prefect artifact."""

TALLEST = 2400
"""Pixels of one picture on the sheet: a ribbon must not make a sheet no format holds."""

GAP = 16
LINE = 34
PAPER, INK = (250, 250, 248), (40, 40, 40)
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
        draw.text((corner[0], corner[1] + size[1] + 4), _shorten(caption, font, column), font=font, fill=INK)
    return sheet


def _shorten(caption: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    line = " ".join(caption.split())
    if font.getlength(line) <= room:
        return line
    while line and font.getlength(f"{line}…") > room:
        line = line[:-1]
    return f"{line}…"
