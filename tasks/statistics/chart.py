"""The picture of an analysis: each variant's rate, and how far it lies from the control's, with their intervals."""

from __future__ import annotations

import io
import unicodedata
import warnings
from typing import TYPE_CHECKING

from tasks.domain.ab.analysis import Analysis, Comparison
from tasks.domain.ab.experiment import Method
from tasks.statistics.extra import extra
from tasks.statistics.faces import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, BETTER, WORSE = "#1f2430", "#7b8494", "#1a7f4b", "#b3372f"
ROW = 0.42
"""Inches of height per variant."""
WIDEST = 26
"""Columns of a name, of which a Korean or Chinese character takes two."""


def draw(found: Analysis) -> bytes:
    """A PNG of 2000 pixels in width: rates at the left, differences at the right, one row per variant."""
    figure = extra("matplotlib.figure").Figure(
        figsize=(10, 1.75 + ROW * len(found.arms)), dpi=200, layout="constrained"
    )
    font = {"fontfamily": families(), "parse_math": False}
    left, right = figure.subplots(1, 2, sharey=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box for an emoji is no reason to fail
        _rates(left, found)
        _differences(right, found)
        left.set_yticks(range(len(found.arms)), [_short(arm.variant) for arm in found.arms], **font)
        left.set_ylim(len(found.arms) - 0.5, -0.5)
        figure.suptitle(_title(found), x=0.01, ha="left", fontsize=12, color=INK, **font)
        for axes in (left, right):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
            axes.tick_params(axis="both", colors=INK, labelsize=9)
            axes.grid(axis="x", color="#e3e6eb", linewidth=0.8)
            axes.set_axisbelow(True)
        target = io.BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _rates(axes: Axes, found: Analysis) -> None:
    for row, arm in enumerate(found.arms):
        colour = BETTER if arm.variant == found.winner else INK
        axes.plot([100 * arm.low, 100 * arm.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([100 * arm.rate], [row], "o", color=colour, markersize=6)
        _label(axes, f"{arm.rate:.2%}", 100 * arm.rate, row, colour)
    axes.set_title(f"{found.metric} per impression", fontsize=10, loc="left", color=INK)
    axes.set_xlabel(f"%, with {found.confidence:.0%} interval of this moment", fontsize=9, color=GREY)


def _differences(axes: Axes, found: Analysis) -> None:
    compared = {one.variant: one for one in found.comparisons}
    axes.axvline(0, color=GREY, linewidth=1.2)
    for row, arm in enumerate(found.arms):
        if one := compared.get(arm.variant):
            _interval(axes, row, one)
        else:
            axes.annotate("control", (0, row), (6, 0), textcoords="offset points", fontsize=9, va="center", color=GREY)
    safe = "safe at every look" if found.method is Method.SEQUENTIAL else "for the one look at full size"
    axes.set_title(f"difference from the control, {safe}", fontsize=10, loc="left", color=INK)
    axes.set_xlabel("percentage points; coloured where it is decided", fontsize=9, color=GREY)


def _interval(axes: Axes, row: int, one: Comparison) -> None:
    colour = GREY if not one.significant else BETTER if one.difference > 0 else WORSE
    axes.plot([100 * one.low, 100 * one.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot([100 * one.difference], [row], "o", color=colour, markersize=6)
    told = f"{100 * one.difference:+.2f}" + (f" ({one.lift:+.1%})" if one.lift is not None else "")
    _label(axes, told, 100 * one.difference, row, colour)


def _label(axes: Axes, text: str, x: float, row: int, colour: str) -> None:
    """Words above a point, on a white ground where a line runs through them."""
    axes.annotate(
        text,
        (x, row),
        (0, 7),
        textcoords="offset points",
        fontsize=8,
        ha="center",
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )


def _title(found: Analysis) -> str:
    won = f": {_short(found.winner)}" if found.winner else ""
    return f"{_short(found.test)} - {found.finding}{won}"


def _short(name: str) -> str:
    """As much of a name as fits the margin."""
    taken = 0
    for place, character in enumerate(name):
        taken += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if taken > WIDEST:
            return name[:place].rstrip() + "..."
    return name
