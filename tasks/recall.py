"""Has this very work been done before? Then nothing is done twice."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain.models import EditResult, Job, Outcome
from tasks.retrying import retry_transient
from tasks.storage import files, naming


@task(name="recall", task_run_name="recall", **retry_transient)
def recall(job: Job) -> EditResult | None:
    """The finished result of the same source, request and engine at the same output, or None.

    A metadata file is written last, so its presence means the work is done.
    """
    for outcome in Outcome:
        uri = naming.metadata_uri(job, outcome)
        if files.exists(uri):
            get_run_logger().info("done before: %s", uri)
            return EditResult.model_validate_json(files.read(uri)).model_copy(update={"reused": True})
    return None
