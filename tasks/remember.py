"""Keep what was accepted for whoever asks the same later, wherever they want it."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain.errors import EditFlowError
from tasks.domain.identity import work_of
from tasks.domain.models import Job
from tasks.domain.results import EditResult, Outcome
from tasks.settings import result_cache
from tasks.storage.cache import Cache
from tasks.storage.kept import keep


def remember(job: Job, result: EditResult) -> EditResult:
    """`result`, also in the result cache where there is one; a cache that cannot be written is no reason to fail.

    Kept are accepted results of the engine that was asked, not those of one fallen back on nor those a person let
    pass, unless asked not to.
    """
    asked = result.engine.name == job.engine.name and result.review is None
    if (store := result_cache()) and job.request.cache and result.outcome is Outcome.ACCEPTED and asked:
        _remember(job, result, store)
    return result


@task(name="remember", task_run_name="remember")
def _remember(job: Job, result: EditResult, store: Cache) -> None:
    try:
        keep(store, work_of(job), result)
    except EditFlowError as fault:
        get_run_logger().warning("not kept in the cache: %s", fault)
