"""Draws the example pictures of this folder: python examples/draw.py. Everything in them is made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
FONTS = HERE.parent / "tasks" / "imaging" / "fonts"
SCALE = 3  # drawn larger, then reduced: smooth edges


def gradient(size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    """A vertical gradient."""
    ramp = np.linspace(0, 1, size[1])[:, None, None]
    rows = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
    return Image.fromarray(np.repeat(rows, size[0], axis=1).round().astype(np.uint8))


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A vendored face at `size` pixels."""
    return ImageFont.truetype(FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)


def poster() -> Image.Image:
    """A night-market poster in Korean, 900 x 1200."""
    size = (900 * SCALE, 1200 * SCALE)
    picture = gradient(size, (24, 30, 74), (214, 92, 86))
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng(7)

    def disc(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse([(v * SCALE) for v in (x - radius, y - radius, x + radius, y + radius)], fill=colour)

    disc(720, 210, 92, (255, 226, 160))
    for _ in range(60):
        disc(rng.uniform(0, 900), rng.uniform(0, 270), rng.uniform(0.8, 2.2), (236, 232, 255))
    for x in range(0, 900, 60):  # the far roofs of the city
        height = rng.uniform(60, 210)
        draw.rectangle([v * SCALE for v in (x, 900 - height, x + 62, 960)], fill=(58, 38, 84))
        for wx in range(x + 8, x + 52, 14):
            for wy in range(int(908 - height), 890, 22):
                if rng.random() < 0.45:
                    draw.rectangle([v * SCALE for v in (wx, wy, wx + 6, wy + 9)], fill=(255, 206, 120))
    draw.line([v * SCALE for v in (-20, 620, 920, 560)], fill=(40, 26, 60), width=3 * SCALE)
    for k in range(9):  # lanterns on a string
        x, y = 40 + k * 103, 630 - k * 6.5
        draw.rounded_rectangle([v * SCALE for v in (x - 22, y, x + 22, y + 62)], 20 * SCALE, fill=(232, 72, 62))
        draw.rectangle([v * SCALE for v in (x - 12, y - 6, x + 12, y + 2)], fill=(60, 32, 44))
        draw.line([v * SCALE for v in (x, y + 62, x, y + 84)], fill=(255, 206, 120), width=3 * SCALE)
    draw.rectangle([v * SCALE for v in (0, 940, 900, 1200)], fill=(36, 22, 52))

    def write(text: str, y: int, face: str, points: int, colour: tuple[int, int, int]) -> None:
        letters = font(face, points * SCALE)
        draw.text(((size[0] - letters.getlength(text)) / 2, y * SCALE), text, font=letters, fill=colour)

    write("안녕하세요", 290, "NotoSansCJK-Bold.otf", 128, (255, 250, 240))
    write("서울 야시장 개장", 458, "NotoSansCJK-Regular.otf", 52, (255, 214, 140))
    write("매주 금요일 저녁 7시", 984, "NotoSansCJK-Bold.otf", 50, (255, 250, 240))
    write("Seoul Night Market", 1076, "NotoSerifCJK-Regular.otf", 40, (255, 190, 120))
    return picture.resize((900, 1200), Image.Resampling.LANCZOS)


def room() -> Image.Image:
    """A living room with an empty wall, 1200 x 900."""
    size = (1200 * SCALE, 900 * SCALE)
    picture = gradient(size, (226, 220, 208), (208, 200, 186))
    draw = ImageDraw.Draw(picture)

    def box(
        left: float, top: float, right: float, bottom: float, colour: tuple[int, int, int], round_: int = 0
    ) -> None:
        draw.rounded_rectangle([v * SCALE for v in (left, top, right, bottom)], round_ * SCALE, fill=colour)

    floor = gradient((size[0], 230 * SCALE), (150, 112, 80), (122, 88, 62))
    picture.paste(floor, (0, 670 * SCALE))
    for k in range(12):
        draw.line([v * SCALE for v in (k * 120 - 60, 670, k * 150 - 240, 900)], fill=(116, 84, 60), width=2 * SCALE)
    box(0, 648, 1200, 672, (240, 236, 228))
    shadow = Image.new("L", size, 0)
    ImageDraw.Draw(shadow).ellipse([v * SCALE for v in (220, 770, 860, 830)], fill=120)
    picture.paste((60, 40, 30), mask=shadow.filter(ImageFilter.GaussianBlur(14 * SCALE)))
    box(250, 560, 830, 740, (72, 104, 112), 28)
    box(220, 600, 300, 780, (62, 92, 100), 24)
    box(780, 600, 860, 780, (62, 92, 100), 24)
    box(290, 660, 790, 760, (84, 120, 128), 18)
    box(270, 776, 292, 806, (50, 36, 28))
    box(790, 776, 812, 806, (50, 36, 28))
    box(330, 590, 440, 690, (222, 168, 92), 18)
    box(1010, 620, 1090, 780, (196, 110, 78), 12)
    for angle in np.linspace(-1.1, 1.1, 9):
        tip = (1050 + 150 * np.sin(angle), 620 - 240 * np.cos(angle))
        side = np.array([np.cos(angle), np.sin(angle)]) * 22
        middle = np.array([1050 + 80 * np.sin(angle), 620 - 130 * np.cos(angle)])
        leaf = [(1050, 622), tuple(middle + side), tip, tuple(middle - side)]
        draw.polygon([(x * SCALE, y * SCALE) for x, y in leaf], fill=(58, int(112 + 20 * angle), 74))
    return picture.resize((1200, 900), Image.Resampling.LANCZOS)


def calligraphy() -> Image.Image:
    """Brush letters on paper, three wrong ones in a red box, a blue region and a yellow highlight, 1200 x 860."""
    size = (1200 * SCALE, 860 * SCALE)
    rng = np.random.default_rng(11)
    fibres = Image.fromarray(rng.normal(0, 1, (430, 600)).astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    paper = np.array((243, 236, 220)) + np.asarray(fibres)[..., None] * 0.7
    picture = Image.fromarray(np.clip(paper, 0, 255).round().astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    letters = font("NotoSerifCJK-Bold.otf", 104 * SCALE)

    def place(line: int, column: int) -> tuple[int, int]:
        return ((96 + column * 128) * SCALE, (96 + line * 222) * SCALE)

    def around(line: int, column: int) -> list[int]:
        x, y = place(line, column)
        return [x - 10 * SCALE, y + 10 * SCALE, x + 114 * SCALE, y + 152 * SCALE]

    draw.rectangle(around(1, 3), outline=(214, 40, 40), width=5 * SCALE)
    draw.rectangle(around(1, 7), fill=(120, 174, 240))
    draw.rectangle(around(2, 3), fill=(250, 232, 130))
    for number, line in enumerate(("永和九年歲在癸丑", "會于會嵇山陰蘭停", "斯文之日有感")):
        for column, letter in enumerate(line):
            draw.text(place(number, column), letter, font=letters, fill=(32, 26, 24))
    seal = [v * SCALE for v in (1010, 640, 1104, 734)]
    draw.rounded_rectangle(seal, 10 * SCALE, fill=(186, 44, 36))
    draw.text((1028 * SCALE, 640 * SCALE), "墨", font=font("NotoSerifCJK-Bold.otf", 58 * SCALE), fill=(248, 238, 226))
    return picture.resize((1200, 860), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    calligraphy().save(HERE / "calligraphy.png", optimize=True)
    poster().save(HERE / "poster-ko.png", optimize=True)
    room().save(HERE / "room.png", optimize=True)
