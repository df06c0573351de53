"""Limits that health crosses, told to the Prefect server, where automations wait for them."""

from __future__ import annotations

from prefect import get_run_logger, runtime, task
from prefect.events.schemas.events import Event, Resource

from tasks.domain.monitor.alarms import Alarm, crossed
from tasks.domain.monitor.health import Health
from tasks.emit import emit
from tasks.retrying import retry_transient

EVENT = "edit-flows.alert."
"""What the names of these events begin with; the name of the limit follows."""


@task(name="alert", task_run_name="alert", **retry_transient)
def alert(health: Health, report: str) -> tuple[Alarm, ...]:
    """The limits that were crossed; in a deployment's run one event each, taken by the server. `report`: where it lies.

    Raises `ServerError` when the server takes none.
    """
    alarms = crossed(health)
    for alarm in alarms:
        get_run_logger().warning("%s: %s", alarm.name, alarm.told)
    if runtime.deployment.id is not None:
        emit([_event(alarm, report) for alarm in alarms])
    return alarms


def _event(alarm: Alarm, report: str) -> Event:
    return Event(
        event=f"{EVENT}{alarm.name}",
        resource=Resource(
            {"prefect.resource.id": f"edit-flows.limit.{alarm.name}", "prefect.resource.name": alarm.told}
        ),
        payload={**alarm.model_dump(), "report": report},
    )
