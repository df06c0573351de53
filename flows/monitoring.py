"""The command monitor: how machines and edits were lately."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from flows.embedded import embedded, silence_tracebacks
from tasks.domain.errors import RequestError
from tasks.domain.monitor.alarms import crossed
from tasks.domain.monitor.health import Health
from tasks.domain.monitor.telling import headline, rows

Json = Annotated[bool, Parameter(name="--json", negative="")]
WIDTH = 140
"""Columns where nobody's terminal says how many there are."""


def monitor(*, window: timedelta = timedelta(hours=1), json_: Json = False) -> int:
    """Tell how machines and edits were: processor, memory, GPUs, errors, rejections, queue, cost of a picture.

    Machines are known by the samples that python -m deployments.sampler left in EDIT_FLOWS_MONITOR, edits by the
    Prefect server that PREFECT_API_URL names.

    Args:
        window: How far back: 30m, 1h, 1d ...
        json_: Print one JSON document instead of a table.
    """
    minutes = round(window / timedelta(minutes=1))
    if not 1 <= minutes <= 7 * 24 * 60:
        raise RequestError(f"a window of {window} cannot be told: choose from 1m to 7d")
    with embedded():
        from flows.monitor import monitor as watch  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        health = watch(minutes, alarms=False)
    if json_:
        print(health.model_dump_json())
    else:
        Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False).print(_table(health))
        for alarm in crossed(health):
            print(f"! {alarm.name}: {alarm.told}")
    return 0


def _table(health: Health) -> Table:
    table = Table(title=headline(health), title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for name in ("now", "average", "maximum"):
        table.add_column(name, justify="left")
    for row in rows(health):
        table.add_row(row.what, row.now, row.average, row.maximum)
    return table
