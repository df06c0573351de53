"""What the machines were doing in a window, from the samples they left."""

from __future__ import annotations

from datetime import datetime

from prefect import get_run_logger, task

from tasks.domain.monitor.fold import hosts_of
from tasks.domain.monitor.health import HostHealth
from tasks.retrying import retry_transient
from tasks.storage.monitor import samples_between


@task(name="gather", task_run_name="gather", **retry_transient)
def gather(folder: str, since: datetime, until: datetime) -> tuple[HostHealth, ...]:
    """Every machine that left samples below `folder` in the window, by name; none is no error."""
    hosts = hosts_of(samples_between(folder, since, until), since, until)
    get_run_logger().info("%d machines, %d GPUs", len(hosts), sum(len(host.gpus) for host in hosts))
    return hosts
