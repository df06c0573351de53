"""The bundled faces as charts name them, so that Korean and Chinese names are written and not boxes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tasks.imaging import typeface
from tasks.statistics.extra import extra

FONTS = Path(typeface.__file__).with_name("fonts")


@cache
def families() -> list[str]:
    """Names of the bundled faces, in the order in which a character is looked for in them."""
    fonts = extra("matplotlib.font_manager")
    names = []
    for file in ("DejaVuSans.ttf", "NotoSansCJK-Regular.otf", "NanumSquareRoundR.ttf"):
        fonts.fontManager.addfont(FONTS / file)
        names.append(fonts.FontProperties(fname=FONTS / file).get_name())
    return names
