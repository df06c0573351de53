"""What is left of subjects and words when a picture fills another shape: centre crop, smartcrop, this project.

    python -m tests.benchmarks.framing [PICTURES]

Subjects are round pieces of the photographs of skimage.data, anywhere on a plain, grainy or photographic ground; words
are those of drawn posters in three languages, some near the borders. Each picture is brought to every platform of the
catalogue. A subject is kept when 98 % of it are; words are kept when every line the reader saw before is read after.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from skimage import data
from smartcrop import SmartCrop

from tasks.domain.campaign import Framing, Kept, Layout
from tasks.domain.models import Box
from tasks.domain.platforms import Platform, catalogue
from tasks.engines.text_reader import read_text
from tasks.imaging.branding.words import SURE_LINE, read_again
from tasks.imaging.framing.canvas import fill
from tasks.imaging.framing.choice import framings, is_lettering
from tasks.imaging.framing.weight import find_faces
from tests.benchmarks.lettering import WORDS
from tests.drawing import SIZE, Item, poster

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")
GROUNDS = ("plain", "grainy", "brick", "grass")
PARTS = ("instagram_story", "instagram_portrait", "instagram_post", "twitter_card", "blog_thumbnail", "pinterest_pin")
"""Platforms of different shapes; the others are near one of them."""

Way = Callable[[Image.Image, Kept, Platform], Framing]


def centre(image: Image.Image, _kept: Kept, platform: Platform) -> Framing:
    """The window in the middle."""
    scale = max(platform.width / image.width, platform.height / image.height)
    width, height = platform.width / scale, platform.height / scale
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return _crop((left, top, left + width, top + height), platform)


def smart(image: Image.Image, _kept: Kept, platform: Platform) -> Framing:
    """The window smartcrop takes."""
    found = SmartCrop().crop(image, platform.width // 10, platform.height // 10)["top_crop"]
    left, top = found["x"], found["y"]
    return _crop((left, top, left + found["width"], top + found["height"]), platform)


def ours(image: Image.Image, kept: Kept, platform: Platform) -> Framing:
    """The layout this project tries first."""
    return next(iter(framings(image, kept, platform).values()))


WAYS: dict[str, Way] = {"centre": centre, "smartcrop": smart, "ours": ours}


def _crop(window: tuple[float, float, float, float], platform: Platform) -> Framing:
    return Framing(
        layout=Layout.CROP,
        window=window,
        placed=Box(0, 0, *platform.size),
        scale=platform.width / max(1.0, window[2] - window[0]),
        kept=1.0,
        reason="",
    )


def subject(seed: int) -> tuple[Image.Image, NDArray[np.bool_], str]:
    """A picture, where its subject is (H x W), and the kind of ground."""
    rng, kind = random.Random(seed), GROUNDS[seed % len(GROUNDS)]
    side = rng.choice((1024, 1280))
    size = (side, rng.choice((side, side * 3 // 4)))
    if kind in {"plain", "grainy"}:
        grain = np.random.default_rng(seed).normal(150, 2 if kind == "plain" else 14, (size[1], size[0], 3))
        ground = Image.fromarray(np.clip(grain * [1, 0.9, 0.8], 0, 255).astype(np.uint8))
        ground = ground.filter(ImageFilter.GaussianBlur(2))
    else:
        ground = Image.fromarray(getattr(data, kind)()).convert("RGB").resize(size)
    across = rng.randrange(240, 380)
    piece = Image.fromarray(getattr(data, rng.choice(PHOTOS))()).convert("RGB").resize((across, across))
    stencil = Image.new("L", piece.size)
    ImageDraw.Draw(stencil).ellipse((0, 0, across - 1, across - 1), fill=255)
    at = rng.randrange(0, size[0] - across), rng.randrange(0, size[1] - across)
    ground.paste(piece, at, stencil)
    where = np.zeros((size[1], size[0]), bool)
    where[at[1] : at[1] + across, at[0] : at[0] + across] = np.asarray(stencil) > 0
    return ground, where, kind


def subjects(count: int) -> pd.DataFrame:
    """Every subject on every platform in every way: kept or not."""
    rows = []
    for seed in range(count):
        picture, where, kind = subject(seed)
        kept = Kept(lines=read_text(picture), faces=find_faces(picture))
        for name in PARTS:
            for way, choose in WAYS.items():
                begun = time.perf_counter()
                framing = choose(picture, kept, catalogue()[name])
                seconds = time.perf_counter() - begun
                left, top, right, bottom = (round(edge) for edge in framing.window)
                share = where[max(0, top) : bottom, max(0, left) : right].sum() / where.sum()
                rows.append(("photo on " + kind, way, share >= 0.98, framing.layout is Layout.CROP, seconds))
    return pd.DataFrame(rows, columns=["case", "way", "kept", "cropped", "seconds"])


def posters(count: int) -> pd.DataFrame:
    """Every poster on every platform in every way: all lines read again or not."""
    rows = []
    for seed in range(count):
        for language, words in WORDS.items():
            rng = random.Random(f"{seed} {language}")
            picture = _poster(rng, words)
            kept = Kept(lines=read_text(picture), faces=find_faces(picture))
            wanted = [line.text for line in kept.lines if is_lettering(line) and line.confidence >= SURE_LINE]
            for name in PARTS if wanted else ():
                platform = catalogue()[name]
                for way, choose in WAYS.items():
                    begun = time.perf_counter()
                    framing = choose(picture, kept, platform)
                    seconds = time.perf_counter() - begun
                    seen = read_text(fill(picture, framing, platform.size, (30, 24, 66)))
                    again = all(read_again(text, seen) for text in wanted)
                    rows.append((f"words, {language}", way, again, framing.layout is Layout.CROP, seconds))
    return pd.DataFrame(rows, columns=["case", "way", "kept", "cropped", "seconds"])


def _poster(rng: random.Random, words: Sequence[str]) -> Image.Image:
    lines = rng.sample(words, rng.randint(1, 2))
    items = [
        Item(text, size=rng.choice((34, 46)), at=(rng.randrange(16, 200), 30 + row * (SIZE[1] - 120)), banner="#101828")
        for row, text in enumerate(lines)
    ]
    return poster(rng.choice(("flat", "slope", "coffee", "rocket")), *items)


if __name__ == "__main__":
    pictures = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    table = pd.concat([subjects(pictures), posters(max(1, pictures // 6))])
    order = list(WAYS)
    for column, title in (("kept", "kept whole"), ("cropped", "by a crop"), ("seconds", "seconds (mean)")):
        print(title)
        print(table.pivot_table(column, "case", "way")[order].to_string(float_format=lambda value: f"{value:.2f}"))
