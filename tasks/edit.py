"""Box F, edit: the engine makes a candidate from the source and the plan. The only box that needs the GPU."""

from __future__ import annotations

import time

from prefect import get_run_logger, task

from tasks.domain.models import Candidate, EditPlan, Job
from tasks.engines.registry import get_engine
from tasks.retrying import retry_transient
from tasks.storage import desk


@task(name="edit", task_run_name="edit attempt {attempt}", **retry_transient)
def edit(job: Job, plan: EditPlan, attempt: int) -> Candidate:
    """The candidate of this attempt, laid on the job's desk; the engine's progress goes to the run log.

    Raises `UnsupportedInstruction` when the engine cannot do what is asked, `EngineError` when it fails.
    """
    logger = get_run_logger()

    def report(done: int, total: int) -> None:
        logger.info("%s: %d of %d", job.engine.name, done, total)

    engine = get_engine(job.engine.name)
    source = desk.pick_up(job.source)
    mask = desk.pick_up(job.mask) if job.mask else None
    begun = time.perf_counter()
    edited = engine.edit(source, plan, mask, report)
    seconds = time.perf_counter() - begun
    return Candidate(
        image=desk.lay(job.desk, f"attempt-{attempt}", edited.image), engine_seconds=seconds, notes=edited.notes
    )
