"""How far a long run is: a bar in a terminal, an artifact in the Prefect UI."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tasks.gauge import Gauge

Advance = Callable[[str], None]
"""Says that one more is done, and what to show beside the bar."""


@contextmanager
def progress(total: int, what: str) -> Iterator[Advance]:
    """A block of `total` steps, each told by calling what it gives. Nothing is shown to programs that read a pipe."""
    gauge = Gauge()
    gauge.move(0, what, now=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(
        TextColumn("{task.description}"),
        *columns,
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=gauge.shown or not sys.stderr.isatty(),
    )
    done = 0
    with bar:
        line = bar.add_task(what, total=total, note="")

        def advance(note: str) -> None:
            nonlocal done
            done += 1
            bar.update(line, advance=1, note=note)
            percent = min(100.0, 100 * done / max(total, 1))
            gauge.move(percent, f"{what}: {done} of {total}, {note}", now=done == total)

        yield advance
