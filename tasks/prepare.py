"""Boxes C, D and E: what the engine will be told and what must hold afterwards, one verb per branch.

In diffusers every edit passes through both Qwen2.5-VL and the VAE encoder, so a branch is not an engine of its own:
it decides parameters, where the change belongs, and which checks the candidate must pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.acceptance import checks_for
from tasks.domain.errors import RequestError
from tasks.domain.instruction import Operation, parse
from tasks.domain.models import CheckName, EditPlan, EditType, ImageRef, Job
from tasks.domain.recipes import RECIPES
from tasks.imaging.area import bounding_box
from tasks.imaging.region import locate
from tasks.storage import desk


@task(name="prepare semantic", task_run_name="prepare semantic")
def prepare_semantic(job: Job) -> EditPlan:
    """Box C: every pixel may change, the composition must not."""
    return _plan(job, EditType.SEMANTIC, (), mask=job.mask)


@task(name="prepare appearance", task_run_name="prepare appearance")
def prepare_appearance(job: Job) -> EditPlan:
    """Box D: one thing changes, where the mask or the instruction says; everything else stays."""
    operations = parse(job.request.prompt)
    if job.mask is None and any(operation.subject == "picture" for operation in operations):
        return _plan(job, EditType.APPEARANCE, operations, mask=None, checks=checks_for(EditType.SEMANTIC))
    return _plan(job, EditType.APPEARANCE, operations, mask=_where(job, operations))


@task(name="prepare text", task_run_name="prepare text")
def prepare_text(job: Job) -> EditPlan:
    """Box E: the new words must be read, the old must be gone, and only their place may change."""
    operations = parse(job.request.prompt)
    return _plan(job, EditType.TEXT, operations, mask=_where(job, operations))


@task(name="prepare hybrid", task_run_name="prepare hybrid")
def prepare_hybrid(job: Job) -> EditPlan:
    """Several kinds at once: only what holds for each of them is demanded."""
    return _plan(job, EditType.HYBRID, parse(job.request.prompt), mask=job.mask)


def _plan(
    job: Job,
    edit_type: EditType,
    operations: Sequence[Operation],
    *,
    mask: ImageRef | None,
    checks: tuple[CheckName, ...] | None = None,
) -> EditPlan:
    request, recipe = job.request, RECIPES[edit_type]
    changes = tuple(operation.text for operation in operations if operation.text is not None)
    return EditPlan(
        edit_type=edit_type,
        prompt=request.prompt,
        negative_prompt=recipe.negative_prompt,
        cfg_scale=recipe.cfg_scale if request.cfg_scale is None else request.cfg_scale,
        steps=recipe.steps if request.steps is None else request.steps,
        seed=int(job.identity[:12], 16) if request.seed is None else request.seed,
        mask=mask,
        region=bounding_box(np.asarray(desk.pick_up(mask)) > 0) if mask else None,
        text_changes=changes,
        checks=checks if checks is not None else checks_for(edit_type, has_text_changes=bool(changes)),
    )


def _where(job: Job, operations: Sequence[Operation]) -> ImageRef | None:
    """Mask of where the change belongs: the request's, else what the words point at; None when neither says."""
    if job.mask is not None or not operations:
        return job.mask
    source = desk.pick_up(job.source).convert("RGB")
    try:
        regions = [locate(source, operation, None) for operation in operations]
    except RequestError as unclear:  # a generative engine may still see what was not found here
        get_run_logger().warning("the region is not clear: %s", unclear)
        return None
    found = [region for region in regions if region is not None]
    if len(found) < len(operations):
        return None
    union = reduce(np.logical_or, found)
    return desk.lay(job.desk, "region", Image.fromarray(np.where(union, 255, 0).astype(np.uint8)))
