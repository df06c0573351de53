"""How far a long run is: a bar in a terminal, an artifact in the Prefect UI."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect import runtime
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

OFTEN = 2.0
"""Seconds between two updates of the artifact, at least: each is a call to the server."""

Advance = Callable[[str], None]
"""Says that one more is done, and what to show beside the bar."""


@contextmanager
def progress(total: int, what: str) -> Iterator[Advance]:
    """A block of `total` steps, each told by calling what it gives. Nothing is shown to programs that read a pipe."""
    shown = runtime.deployment.id is not None
    artifact = cast("UUID", create_progress_artifact(0.0, description=what)) if shown else None
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(
        TextColumn("{task.description}"),
        *columns,
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=shown or not sys.stderr.isatty(),
    )
    done, told = 0, 0.0
    with bar:
        line = bar.add_task(what, total=total, note="")

        def advance(note: str) -> None:
            nonlocal done, told
            done += 1
            bar.update(line, advance=1, note=note)
            if artifact is not None and (done == total or time.monotonic() - told > OFTEN):
                told = time.monotonic()
                percent = min(100.0, 100 * done / max(total, 1))
                update_progress_artifact(artifact, percent, description=f"{what}: {done} of {total}, {note}")

        yield advance
