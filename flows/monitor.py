"""monitor: how machines and edits were in the last hour.

samples of every machine --> gather ─┐
runs and results ----------> count ──┴─► present ────────────► alert
(the Prefect server)                     file, table, chart    an event for each limit crossed
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from prefect import flow
from pydantic import Field

from tasks.alert import alert
from tasks.count import count
from tasks.domain.monitor.health import Health
from tasks.gather import gather
from tasks.present import present
from tasks.settings import monitor_folder


@flow(name="monitor", validate_parameters=True)
def monitor(minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 60, alarms: bool = True) -> Health:  # noqa: FBT001, FBT002  fields of a form
    """The health of the last minutes: machines, edits, results, what they cost.

    Args:
        minutes: Length of the window that ends now.
        alarms: Whether limits that are crossed are told to the Prefect server as events.

    """
    until = datetime.now(UTC)
    since, folder = until - timedelta(minutes=minutes), monitor_folder()
    hosts = gather(folder, since, until)
    runs, outcomes = count(since, until)
    health = Health(since=since, until=until, hosts=hosts, runs=runs, outcomes=outcomes)
    report = present(health, folder)
    if alarms:
        alert(health, report)
    return health
