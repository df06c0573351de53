"""Posters drawn for tests: known words in known faces on plain, sloped and photographic grounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

from tasks.imaging.typeface import BUNDLED, Face, sized

SIZE = (640, 420)


class Item(NamedTuple):
    """One line: words, name of a bundled face, size, corner, colour, and the colour of the banner it stands on."""

    text: str
    face: str = "NotoSansCJK-Bold"
    size: int = 44
    at: tuple[int, int] = (60, 60)
    fill: str = "white"
    banner: str | None = None


def face_named(name: str) -> Face:
    """The bundled face of that file name."""
    return next(face for face in BUNDLED if face.name == name)


def ground(kind: str) -> Image.Image:
    """A ground of `SIZE`: 'flat', 'slope', or a photograph of skimage.data."""
    if kind == "flat":
        return Image.new("RGB", SIZE, (36, 70, 110))
    if kind == "slope":
        ramp = np.linspace(0, 1, SIZE[1])[:, None, None]
        rows = np.array([20, 30, 80]) * (1 - ramp) + np.array([150, 60, 70]) * ramp
        return Image.fromarray(np.repeat(rows, SIZE[0], axis=1).round().astype(np.uint8))
    return Image.fromarray(getattr(data, kind)()).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)


def poster(kind: str, *items: Item) -> Image.Image:
    """`items` on a ground of that kind."""
    picture = ground(kind)
    draw = ImageDraw.Draw(picture)
    for item in items:
        font = sized(face_named(item.face), item.size)
        if item.banner:
            left, top, right, bottom = draw.textbbox(item.at, item.text, font=font)
            draw.rectangle((left - 16, top - 10, right + 16, bottom + 10), fill=item.banner)
        draw.text(item.at, item.text, font=font, fill=item.fill)
    return picture


def changed(before: Image.Image, after: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Height x width: true where any channel differs at all."""
    return np.asarray((np.asarray(before) != np.asarray(after)).any(axis=-1))
