"""Many small pictures on one page, each with a word about it, for people who look rather than read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from tasks.imaging.sheet import ALARM, FACE, GAP, INK, PAPER, shorten

COLUMNS = 3
CELL = (520, 330)
"""Pixels of one picture, at most."""
LINE = 28
GOOD, BLANK = (40, 130, 70), (232, 232, 228)


class Cell(NamedTuple):
    """One picture of a page."""

    image: Image.Image | None
    title: str
    note: str
    good: bool


def thumbnail(image: Image.Image) -> Image.Image:
    """The picture as a page shows it, mode RGB; never enlarged."""
    small = image.convert("RGB")
    small.thumbnail(CELL, Image.Resampling.LANCZOS)
    return small


def contact_page(cells: Sequence[Cell], heading: str) -> Image.Image:
    """The cells in rows of three below the heading, mode RGB, 1,624 pixels wide."""
    rows = -(-len(cells) // COLUMNS)
    width = COLUMNS * CELL[0] + (COLUMNS + 1) * GAP
    height = CELL[1] + 2 * LINE + GAP
    page = Image.new("RGB", (width, rows * height + 2 * LINE + GAP), PAPER)
    draw = ImageDraw.Draw(page)
    large, small = (ImageFont.truetype(FACE, size, layout_engine=ImageFont.Layout.BASIC) for size in (24, 18))
    draw.text((GAP, GAP // 2), shorten(heading, large, width - 2 * GAP), font=large, fill=INK)
    for number, cell in enumerate(cells):
        left = GAP + number % COLUMNS * (CELL[0] + GAP)
        top = 2 * LINE + number // COLUMNS * height
        if cell.image is None:
            draw.rectangle((left, top, left + CELL[0], top + CELL[1]), fill=BLANK)
        else:
            page.paste(cell.image, (left + (CELL[0] - cell.image.width) // 2, top + CELL[1] - cell.image.height))
        under = top + CELL[1] + 4
        draw.text((left, under), shorten(cell.title, small, CELL[0]), font=small, fill=GOOD if cell.good else ALARM)
        draw.text((left, under + LINE - 4), shorten(cell.note, small, CELL[0]), font=small, fill=INK)
    return page
