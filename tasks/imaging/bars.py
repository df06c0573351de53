"""How often each thing happened, as bars; for people who look rather than read."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont

from tasks.imaging.contact import GOOD
from tasks.imaging.sheet import ALARM, FACE, GAP, INK, PAPER, shorten

WIDTH, LABELS = 1200, 320
"""Pixels of the chart and of the names at its left."""
ROW = 44


def bars(good: Mapping[str, int], bad: Mapping[str, int]) -> Image.Image:
    """One bar for each, the good ones green and the bad ones red, longest as wide as the chart; mode RGB."""
    counts = {**good, **bad}
    font = ImageFont.truetype(FACE, 24, layout_engine=ImageFont.Layout.BASIC)
    chart = Image.new("RGB", (WIDTH, ROW * max(1, len(counts)) + 2 * GAP), PAPER)
    draw = ImageDraw.Draw(chart)
    room = WIDTH - LABELS - 6 * GAP  # the figure stands right of its bar
    for number, (name, count) in enumerate(counts.items()):
        top, middle = GAP + number * ROW, GAP + number * ROW + ROW // 2
        length = round(room * count / max(1, *counts.values()))
        draw.text((LABELS - GAP, middle), shorten(name, font, LABELS - 2 * GAP), font=font, fill=INK, anchor="rm")
        draw.rectangle((LABELS, top + 6, LABELS + length, top + ROW - 6), fill=GOOD if name in good else ALARM)
        draw.text((LABELS + length + GAP // 2, middle), str(count), font=font, fill=INK, anchor="lm")
    return chart
