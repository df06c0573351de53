"""All pictures of a campaign on one sheet: a row for each variation, what did not pass framed in red."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from tasks.domain.brand import Brand
from tasks.imaging.palette import to_rgb
from tasks.imaging.sheet import ALARM, FACE, GAP, INK, PAPER, shorten

WIDTH = 1800
"""Pixels of a sheet."""
TALL = 300
"""Pixels of the tallest picture in a row; a row that would be too wide is lower."""
BOLD = FACE.parent / "NotoSansCJK-Bold.otf"
LINE = 26
MUTED = (118, 118, 116)

Row = tuple[str, Sequence["Tile"], str]
"""What was asked for, the pictures, and why there are none."""


class Tile(NamedTuple):
    """One picture with its two captions; `wrong` is empty when it passed."""

    picture: Image.Image
    label: str
    detail: str
    wrong: str


def campaign_sheet(brand: Brand, source: Image.Image, rows: Sequence[Row]) -> Image.Image:
    """The sheet, mode RGB: the brand's name and colours, the picture it was made of, then row after row."""
    head = 150
    heights = [_height(tiles) for _, tiles, _ in rows]
    total = head + sum(height + 4 * LINE + GAP for height in heights) + GAP
    sheet = Image.new("RGB", (WIDTH, total), PAPER)
    draw = ImageDraw.Draw(sheet)
    _header(sheet, draw, brand, source)
    top = head
    for (asked, tiles, failure), height in zip(rows, heights, strict=True):
        draw.line((2 * GAP, top, WIDTH - 2 * GAP, top), fill=(222, 222, 218))
        draw.text(
            (2 * GAP, top + 8),
            shorten(asked, _font(18, bold=True), WIDTH - 4 * GAP),
            font=_font(18, bold=True),
            fill=INK,
        )
        if failure:
            draw.text(
                (2 * GAP, top + 8 + LINE), shorten(failure, _font(16), WIDTH - 4 * GAP), font=_font(16), fill=ALARM
            )
        _row(sheet, draw, tiles, top + LINE + 18, height)
        top += height + 4 * LINE + GAP
    return sheet


def _header(sheet: Image.Image, draw: ImageDraw.ImageDraw, brand: Brand, source: Image.Image) -> None:
    small = source.convert("RGB")
    small.thumbnail((220, 150 - 2 * GAP))
    sheet.paste(small, (2 * GAP, GAP))
    left = 2 * GAP + small.width + 2 * GAP
    draw.text(
        (left, GAP),
        shorten(brand.name, _font(30, bold=True), WIDTH - left - GAP),
        font=_font(30, bold=True),
        fill=INK,
    )
    draw.text((left, GAP + 42), shorten(brand.style, _font(16), WIDTH - left - GAP), font=_font(16), fill=MUTED)
    for number, colour in enumerate(brand.colours):
        x = left + number * 118
        draw.rounded_rectangle((x, GAP + 76, x + 106, GAP + 98), 4, fill=to_rgb(colour), outline=(210, 210, 206))
        draw.text((x, GAP + 100), colour, font=_font(13), fill=MUTED)


def _height(tiles: Sequence[Tile]) -> int:
    """Height at which the row's pictures, all as high as each other, fill the sheet at most."""
    if not tiles:
        return LINE
    shapes = sum(max(tile.picture.width / tile.picture.height, 0.56) for tile in tiles)
    return int(min(TALL, (WIDTH - 4 * GAP - (len(tiles) - 1) * GAP) / shapes))


def _row(sheet: Image.Image, draw: ImageDraw.ImageDraw, tiles: Sequence[Tile], top: int, height: int) -> None:
    left = 2 * GAP
    for tile in tiles:
        width = max(1, round(height * tile.picture.width / tile.picture.height))
        column = max(width, round(0.56 * height))
        sheet.paste(tile.picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), (left, top))
        outline = ALARM if tile.wrong else (222, 222, 218)
        draw.rectangle((left - 1, top - 1, left + width, top + height), outline=outline, width=3 if tile.wrong else 1)
        draw.text((left, top + height + 5), shorten(tile.label, _font(14), column), font=_font(14), fill=INK)
        told = tile.wrong or tile.detail
        draw.text(
            (left, top + height + 5 + 20),
            shorten(told, _font(13), column),
            font=_font(13),
            fill=ALARM if tile.wrong else MUTED,
        )
        left += column + GAP


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BOLD if bold else FACE, size, layout_engine=ImageFont.Layout.BASIC)
