"""Has this very work been done before? Then nothing is done twice."""

from __future__ import annotations

from pathlib import PurePosixPath

from prefect import get_run_logger, task

from tasks.domain.identity import work_of
from tasks.domain.models import Job
from tasks.domain.results import EditResult
from tasks.retrying import retry_transient
from tasks.settings import result_cache
from tasks.storage import files, naming
from tasks.storage.kept import restore
from tasks.storage.settled import settled


@task(name="recall", task_run_name="recall", **retry_transient)
def recall(job: Job) -> EditResult | None:
    """The finished result of the same source, request and engine at the same output, or None.

    Equal work that was done for another output, or under other labels, comes from the result cache where there is one.
    A metadata file is written last, so its presence means the work is done - unless somebody took its picture away:
    then the record is removed as well, and the work is done again.
    """
    while earlier := settled(job):
        picture = files.join(naming.folder(job, earlier.outcome), PurePosixPath(earlier.output.uri).name)
        if files.exists(picture):
            get_run_logger().info("done before: %s", earlier.metadata_uri)
            return earlier.again()
        uri = naming.metadata_uri(job, earlier.outcome)
        get_run_logger().warning("%s tells of %s, which is gone: doing it again", uri, picture)
        files.delete(uri)
    if (store := result_cache()) and job.request.cache and (kept := restore(store, work_of(job), job)):
        get_run_logger().info("from the cache: %s", kept.kept_from)
        return kept
    return None
