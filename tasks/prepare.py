"""Boxes C, D and E: what the engine will be told and what must hold afterwards, one verb per branch.

In diffusers every edit passes through both Qwen2.5-VL and the VAE encoder, so a branch is not an engine of its own:
it decides parameters, where the change belongs, and which checks the candidate must pass.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.contracts import draw_contract
from tasks.domain.errors import EngineError
from tasks.domain.models import EditPlan, EditType, ImageRef, Job, Quality
from tasks.domain.recipes import Recipe
from tasks.engines.assistant.rewriting import rewrite
from tasks.engines.registry import get_engine
from tasks.imaging.area import bounding_box
from tasks.imaging.region import pointed_at
from tasks.settings import settings
from tasks.storage import desk


@task(name="prepare semantic", task_run_name="prepare semantic")
def prepare_semantic(job: Job) -> EditPlan:
    """Box C: every pixel may change, the composition must not."""
    return _plan(job, EditType.SEMANTIC, mask=job.mask)


@task(name="prepare appearance", task_run_name="prepare appearance")
def prepare_appearance(job: Job) -> EditPlan:
    """Box D: one thing changes, where the mask or the instruction says; everything else stays."""
    return _plan(job, EditType.APPEARANCE, mask=_where(job))


@task(name="prepare text", task_run_name="prepare text")
def prepare_text(job: Job) -> EditPlan:
    """Box E: the new words must be read, the old must be gone, and only their place may change."""
    return _plan(job, EditType.TEXT, mask=_where(job))


@task(name="prepare hybrid", task_run_name="prepare hybrid")
def prepare_hybrid(job: Job) -> EditPlan:
    """Several kinds at once: only what holds for each of them is demanded."""
    return _plan(job, EditType.HYBRID, mask=job.mask)


def _plan(job: Job, edit_type: EditType, *, mask: ImageRef | None) -> EditPlan:
    request, recipe = job.request, _recipe(job, edit_type)
    return EditPlan(
        contract=draw_contract(request.prompt, edit_type, masked=job.mask is not None),
        prompt=_wording(job),
        negative_prompt=recipe.negative_prompt,
        cfg_scale=recipe.cfg_scale if request.cfg_scale is None else request.cfg_scale,
        steps=recipe.steps if request.steps is None else request.steps,
        adapter=recipe.adapter,
        seed=int(job.identity[:12], 16) if request.seed is None else request.seed,
        priority=request.priority,
        mask=mask,
        region=bounding_box(np.asarray(desk.pick_up(mask)) > 0) if mask else None,
    )


def _recipe(job: Job, edit_type: EditType) -> Recipe:
    """The engine's cheapest parameters; its best where the request asks for them or sets some itself."""
    request, ladder = job.request, get_engine(job.engine.name).traits.ladder(edit_type)
    best = request.quality is Quality.FULL or request.steps is not None or request.cfg_scale is not None
    return ladder[-1 if best else 0]


def _wording(job: Job) -> str:
    """What the engine is told: the user's words or, where that is wanted and can be done, clearer ones."""
    engine, own = get_engine(job.engine.name), job.request.prompt
    if not settings().rewrite or engine.vision is None or not engine.traits.reads_freely:
        return own
    logger = get_run_logger()
    try:
        clearer = rewrite(engine.vision, desk.pick_up(job.source), own)
    except EngineError as failed:
        logger.warning("not rewritten, the user's words are used: %s", failed)
        return own
    logger.info("rewritten: %s" if clearer != own else "the user's words are kept: %s", clearer)
    return clearer


def _where(job: Job) -> ImageRef | None:
    """Mask of where the change belongs: the request's, else what the words point at; None when neither says."""
    if job.mask is not None:
        return job.mask
    found = pointed_at(desk.pick_up(job.source).convert("RGB"), job.request.prompt)
    if found is None:  # a generative engine may still see what was not found here
        get_run_logger().info("the words do not say where in the picture; the change itself will show")
        return None
    return desk.lay(job.desk, "region", Image.fromarray(np.where(found, 255, 0).astype(np.uint8)))
