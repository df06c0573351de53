"""The picture of a window: processor, memory and GPUs of every machine over time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from itertools import cycle
from math import nan
from typing import TYPE_CHECKING

from PIL import Image

from tasks.domain.monitor.fold import STEPS
from tasks.domain.monitor.health import Health, Point
from tasks.statistics.extra import extra
from tasks.statistics.faces import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#1f2430"
HUES = ("#2f6fb3", "#c7722c", "#1a7f4b", "#8a4fa3", "#b3372f", "#5b6770", "#0f8b8d", "#a08a00")
NAMED = 8
"""Machines named beside the chart; the others are drawn without."""

PANELS: Mapping[str, Callable[[Point], float | None]] = {
    "processor": lambda point: point.cpu,
    "memory": lambda point: point.memory,
    "GPU load": lambda point: point.gpu,
    "GPU memory": lambda point: point.gpu_memory,
}
"""What is drawn, in per cent, by its title."""
ALWAYS = frozenset({"processor", "memory"})


def draw(health: Health) -> Image.Image:
    """A picture 1000 pixels wide: a line a machine, its GPUs averaged. Panels without data are left out."""
    shown = {
        title: measure
        for title, measure in PANELS.items()
        if title in ALWAYS or any(measure(point) is not None for host in health.hosts for point in host.course)
    }
    high = (len(shown) + 1) // 2
    figure = extra("matplotlib.figure").Figure(figsize=(10, 0.5 + 2.1 * high), dpi=100, layout="constrained")
    for place, (title, measure) in enumerate(shown.items(), start=1):
        _panel(figure.add_subplot(high, 2, place), title, measure, health)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box for an emoji is no reason to fail
        if names := [host.host for host in health.hosts][:NAMED]:
            lines = figure.axes[0].get_lines()[:NAMED]
            legend = figure.legend(lines, names, loc="outside right upper", frameon=False, fontsize=9)
            for text in legend.get_texts():
                text.set(fontfamily=families(), parse_math=False)
        target = io.BytesIO()
        figure.savefig(target, format="png")
    return Image.open(target).convert("RGB")


def _panel(axes: Axes, title: str, measure: Callable[[Point], float | None], health: Health) -> None:
    dates = extra("matplotlib.dates")
    steps = [health.since + number * (health.until - health.since) / STEPS for number in range(STEPS)]
    for host, hue in zip(health.hosts, cycle(HUES), strict=False):
        told = {point.at: value for point in host.course if (value := measure(point)) is not None}
        values = [100 * told.get(at, nan) for at in steps]  # what is not known breaks the line
        axes.plot(dates.date2num(steps), values, color=hue, linewidth=1.6)
    axes.set_title(f"{title}, % (times are UTC)", fontsize=10, loc="left", color=INK)
    axes.set_ylim(0, 102)
    axes.set_xlim(dates.date2num(health.since), dates.date2num(health.until))
    axes.xaxis.set_major_locator(places := dates.AutoDateLocator(maxticks=7))
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(places, show_offset=False))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(axis="y", color="#e3e6eb", linewidth=0.8)
    axes.set_axisbelow(True)
