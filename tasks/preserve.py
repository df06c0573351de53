"""Between F and G: everything a local edit was not asked to change is put back, bit for bit."""

from __future__ import annotations

import numpy as np
from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.models import Box, Candidate, CheckName, EditPlan, Job, Preservation
from tasks.engines.registry import get_engine
from tasks.imaging.keeping import keep
from tasks.storage import desk


@task(name="preserve", task_run_name="preserve attempt {attempt}")
def preserve(job: Job, plan: EditPlan, candidate: Candidate, attempt: int) -> Candidate:
    """The candidate with the source's own pixels outside the mask it comes with, and a report of what was done.

    The mask of a request is final, that of a strict plan as well; else what is found changed is the mask. What may
    change the whole picture, and what an engine left exact by itself, passes as it is, with the reason.
    """
    if job.mask is None and CheckName.PRESERVED not in plan.contract.checks:
        report = Preservation(applied=False, reason="the whole picture may change")
        return candidate.model_copy(update={"preservation": report})
    source, edited = desk.pick_up(job.source), desk.pick_up(candidate.image)
    final = job.mask or (plan.mask if plan.strict else None)
    allowed = np.asarray(desk.pick_up(final)) > 0 if final else None
    view, traits = candidate.view, get_engine(plan.engine or job.engine.name).traits
    part, native = (view.window, view.native) if view else (Box(0, 0, *source.size), True)
    kept = keep(source, edited, allowed, part=part, exact=traits.exact and native)
    get_run_logger().info("%s: %s", "put back" if kept.report.applied else "left as it is", kept.report.reason)
    changes: dict[str, object] = {"preservation": kept.report}
    if kept.report.applied:
        changes["image"] = desk.lay(job.desk, f"preserved-{attempt}", kept.image)
    if kept.mask is not None:
        changes["mask"] = desk.lay(job.desk, f"changed-{attempt}", Image.fromarray(kept.mask).convert("L"))
    return candidate.model_copy(update=changes)
