"""A picture small enough to travel inside a text: the Prefect UI shows it wherever the picture itself lies."""

from __future__ import annotations

import io
from base64 import b64encode

from PIL import Image

SIDE, MOST = 1200, 150_000
"""Longest side in pixels and bytes of a picture that is looked at; the UI shows it about 700 wide."""
SMALL, LITTLE = 320, 15_000
"""The same of one on the card of an artifact."""
QUALITIES = (85, 75, 60, 45)


def data_uri(picture: Image.Image, side: int = SIDE, most: int = MOST) -> str:
    """The picture as the address of itself, a JPEG of at most `side` pixels a side and `most` bytes.

    Never enlarged. A picture that stays too large at the lowest quality is made smaller.
    """
    small = picture.convert("RGB")
    while True:
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= most:
                return f"data:image/jpeg;base64,{b64encode(buffer.getvalue()).decode()}"
        side = max(1, max(small.size) * 3 // 4)
