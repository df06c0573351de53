"""Box J, re-edit queue: change the plan because of the verdict, within the budget."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import get_run_logger, task

from tasks.domain.errors import LicenceError, UnknownEngine
from tasks.domain.means import Means
from tasks.domain.models import Attempt, EditPlan, Job
from tasks.domain.remedies import next_plan
from tasks.domain.traits import Traits
from tasks.engines.licensing import ensure_licensed
from tasks.engines.registry import get_engine
from tasks.settings import settings

TYPESETTER = "classical"
"""The engine that sets the words of a text edit itself."""


@task(name="requeue", task_run_name="requeue after attempt {number}")
def requeue(job: Job, attempts: Sequence[Attempt], number: int) -> EditPlan | None:
    """The plan to try next, or None when attempts, engine seconds or remedies are spent."""
    plan = next_plan(attempts, _means(job))
    failures = ", ".join(attempts[-1].verdict.failures) or "no check applied"
    decision = f"trying again {plan.remedy}" if plan else "nothing left to try, giving up"
    get_run_logger().info("attempt %d: %s; %s", number, failures, decision)
    return plan


def _means(job: Job) -> Means:
    limits = settings()
    typesetter = [TYPESETTER] if limits.typeset_fallback else []
    traits = {job.engine.name: get_engine(job.engine.name).traits} | _traits([*limits.alternates, *typesetter])
    return Means(
        engine=job.engine.name,
        traits=traits,
        alternates=tuple(name for name in limits.alternates if name in traits),
        typesetter=TYPESETTER if limits.typeset_fallback and TYPESETTER in traits else None,
        prompt=job.request.prompt,
        pixels=job.source.width * job.source.height,
        masked=job.mask is not None,
        max_attempts=limits.max_attempts,
        max_engine_seconds=limits.max_engine_seconds,
    )


def _traits(names: Sequence[str]) -> dict[str, Traits]:
    """The traits of those engines that may be used here: one that may not must not cost the attempts made so far."""
    found: dict[str, Traits] = {}
    for name in names:
        try:
            engine = get_engine(name)
            ensure_licensed(engine.identity.model, engine.traits.licence)
        except (UnknownEngine, LicenceError) as missing:
            get_run_logger().warning("not tried: %s", missing)
        else:
            found[name] = engine.traits
    return found
