"""Health kept where it is looked for: a file in the store, and in the Prefect UI a table and a chart."""

from __future__ import annotations

from importlib.util import find_spec

from PIL import Image
from prefect import get_run_logger, runtime, task
from prefect.artifacts import create_table_artifact

from tasks.domain.monitor.health import Health
from tasks.domain.monitor.telling import headline, rows
from tasks.exhibit import exhibit
from tasks.retrying import retry_transient
from tasks.storage.monitor import keep_report

TABLE, CHART = "health", "health-chart"
"""Keys of the artifacts: the UI shows the newest of each, and those before it."""


@task(name="present", task_run_name="present", **retry_transient)
def present(health: Health, folder: str) -> str:
    """Where the report was written below `folder`. In a deployment's run it is shown as well.

    The chart needs matplotlib (extra `campaigns`); without it there is the table alone.
    """
    uri = keep_report(folder, health)
    told = headline(health)
    if runtime.deployment.id is not None:
        create_table_artifact([row.model_dump() for row in rows(health)], key=TABLE, description=told)
    if find_spec("matplotlib"):
        exhibit(CHART, told, lambda chart: f"{told}\n\n![machines]({chart})", lambda: _chart(health))
    get_run_logger().info("%s: %s", told, uri)
    return uri


def _chart(health: Health) -> Image.Image:
    from tasks.statistics.course import draw  # noqa: PLC0415  imports matplotlib, which is optional

    return draw(health)
