"""Box F, edit: the engine makes a candidate from the source and the plan. The only box that needs the GPU."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.errors import EngineError, UnsupportedInstruction
from tasks.domain.models import Box, Candidate, EditPlan, EditType, Job, TextChange, View
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Engine
from tasks.engines.registry import get_engine
from tasks.engines.text_reader import read_text
from tasks.gauge import Gauge
from tasks.imaging import viewport
from tasks.retrying import retry_transient
from tasks.storage import desk

MADE = 95.0
"""Percent of a run's progress at which its candidate is made; what follows is checking and saving."""
READ_AT = 2_000_000
"""Pixels in which lettering of a large picture is looked for first: its letters are rarely small in proportion."""


@task(name="edit", task_run_name="edit attempt {attempt}", **retry_transient)
def edit(job: Job, plan: EditPlan, attempt: int) -> Candidate | None:
    """The candidate of this attempt, of the source's size, laid on the job's desk. Its steps move the run's gauge.

    None when an engine that was fallen back on cannot do it: what was made before is not lost. From the job's own
    engine that raises: `UnsupportedInstruction` when it cannot do what is asked, `EngineError` when it fails.
    """
    engine = get_engine(plan.engine or job.engine.name)
    source = desk.pick_up(job.source)
    view = _view(source, plan, engine.traits)
    begun = time.perf_counter()
    try:
        edited = _edited(engine, source, view, job, plan, attempt)
    except (EngineError, UnsupportedInstruction) as failed:
        if (plan.engine or job.engine.name) == job.engine.name:
            raise
        get_run_logger().warning("%s, fallen back on, could not do it: %s", engine.identity.name, failed)
        return None
    seconds = time.perf_counter() - begun if edited.seconds is None else edited.seconds
    image = desk.lay(job.desk, f"attempt-{attempt}", viewport.put_back(source, edited.image, view))
    return Candidate(image=image, engine=engine.identity, view=view, engine_seconds=seconds, notes=edited.notes)


def _edited(engine: Engine, source: Image.Image, view: View, job: Job, plan: EditPlan, attempt: int) -> Edited:
    """The engine's answer. In a part of the picture words such as "at the top" mislead it: there the mask decides."""
    logger, gauge = get_run_logger(), Gauge()
    gauge.move(0, f"attempt {attempt}: {engine.identity.name}", now=True)

    def report(done: int, total: int) -> None:
        logger.info("%s: %d of %d", engine.identity.name, done, total)
        gauge.move(MADE * done / max(total, 1), f"attempt {attempt}: step {done} of {total}", now=done == total)

    part = (view.window.width, view.window.height) != source.size
    ref = plan.mask if part or plan.strict else job.mask
    mask = viewport.show_mask(desk.pick_up(ref), view) if ref else None
    references = [desk.pick_up(picture) for picture in job.references]
    return engine.edit(viewport.show(source, view), plan, mask, report, references)


def _view(source: Image.Image, plan: EditPlan, traits: Traits) -> View:
    """What the engine is shown: around the plan's region or, when only the quoted words tell, around those."""
    region: Box | None = plan.region
    too_large = traits.works_at is not None and source.width * source.height > traits.works_at
    if too_large and region is None and plan.contract.edit_type is EditType.TEXT:
        region = _lettering(source, plan.contract.text_changes)
    return viewport.view_of(
        source.size, region, works_at=traits.works_at, multiple=traits.multiple, context=plan.context
    )


def _lettering(source: Image.Image, changes: Sequence[TextChange]) -> Box | None:
    """Where the words that are to go stand: read quickly in a smaller copy, else in the picture itself."""
    for pixels in (READ_AT, None):
        view = viewport.view_of(source.size, None, works_at=pixels)
        found = viewport.quoted(changes, read_text(viewport.show(source, view)))
        if found is not None:
            return viewport.in_source(found, view)
    return None
