"""What was counted, read and weighed: the verdict on a test."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import get_run_logger, task

from tasks.domain.ab.analysis import Analysis, Finding, Weighed
from tasks.domain.ab.counts import counted
from tasks.domain.ab.experiment import Method
from tasks.retrying import retry_transient
from tasks.statistics.analysis import analyse
from tasks.storage import experiments
from tasks.storage.counts import read_counts


@task(name="weigh", task_run_name="weigh {name}", **retry_transient)
def weigh(output: str, name: str, metrics: str) -> Weighed:
    """The analysis of the counts in the table `metrics` for the test of that name.

    A fixed test is decided by the first analysis at its full size; from then on that verdict stands, beside whatever
    the figures of the day are. Raises `RequestError` for a test that is closed or was never made, and for a table that
    cannot hold counts of it.
    """
    experiment = experiments.open_test(output, name)
    rows, sha256 = read_counts(metrics)
    found = analyse(experiment, counted(rows, experiment.definition, uri=metrics))
    if experiment.definition.method is Method.FIXED:
        found = _decided_once(output, found, experiment.planned or 0)
    get_run_logger().info("%r: %s", found.test, found.finding)
    return Weighed(experiment=experiment, analysis=found, metrics=metrics, metrics_sha256=sha256)


def _decided_once(output: str, found: Analysis, planned: int) -> Analysis:
    first = experiments.decided(output, found.test)
    if first is None:
        if found.finding is Finding.BLOCKED or found.impressions < planned:
            return found
        first = experiments.decide_once(output, found.model_copy(update={"decided": datetime.now(UTC)}))
    verdict = {name: getattr(first, name) for name in ("finding", "winner", "also_better", "decided")}
    return found.model_copy(update=verdict)
