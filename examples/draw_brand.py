"""Draws the logo of examples/brand: python examples/draw_brand.py. Everything in it is made here."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
FONTS = HERE.parent / "tasks" / "imaging" / "fonts"
SCALE = 4  # drawn larger, then reduced: smooth edges
AMBER = (240, 168, 60)


def logo(ink: tuple[int, int, int]) -> Image.Image:
    """A crescent over a lantern with the words beside it, on nothing, 420 x 120."""
    picture = Image.new("RGBA", (420 * SCALE, 120 * SCALE), (*ink, 0))
    draw = ImageDraw.Draw(picture)

    def box(*edges: float) -> list[float]:
        return [edge * SCALE for edge in edges]

    draw.ellipse(box(8, 8, 112, 112), fill=(*ink, 255))
    draw.ellipse(box(36, 0, 124, 88), fill=(*ink, 0))
    draw.rounded_rectangle(box(62, 34, 98, 84), 14 * SCALE, fill=(*AMBER, 255))
    words = ImageFont.truetype(FONTS / "NotoSansCJK-Bold.otf", 52 * SCALE, layout_engine=ImageFont.Layout.BASIC)
    small = ImageFont.truetype(FONTS / "NotoSansCJK-Bold.otf", 22 * SCALE, layout_engine=ImageFont.Layout.BASIC)
    draw.text((134 * SCALE, 4 * SCALE), "달빛시장", font=words, fill=(*ink, 255))
    draw.text((137 * SCALE, 74 * SCALE), "MOONLIGHT MARKET", font=small, fill=(*ink, 255))
    return picture.resize((420, 120), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    logo((30, 24, 66)).save(HERE / "brand" / "logo.png", optimize=True)
    logo((255, 248, 236)).save(HERE / "brand" / "logo-light.png", optimize=True)
