"""What to change after a candidate failed: failure class -> remedy.

Lower guidance for lost structure and more steps for unclear text are the two recommendations of the Qwen-Image-Edit
field guides; a fresh seed goes with every retry, because the same noise gives the same mistake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from tasks.domain.models import Attempt, EditPlan, FailureClass

Remedy = Callable[[EditPlan], dict[str, float]]

MIN_CFG, MAX_CFG = 1.5, 8.0
MAX_STEPS = 100


def lower_guidance(plan: EditPlan) -> dict[str, float]:
    """Guidance down by 0.5, for results that drifted from the source."""
    return {"cfg_scale": max(MIN_CFG, plan.cfg_scale - 0.5)}


def raise_guidance(plan: EditPlan) -> dict[str, float]:
    """Guidance up by 1.0, for results that did not follow the instruction."""
    return {"cfg_scale": min(MAX_CFG, plan.cfg_scale + 1.0)}


def more_steps(plan: EditPlan) -> dict[str, float]:
    """A third more steps, for results that are not crisp or not finished."""
    return {"steps": min(MAX_STEPS, round(plan.steps * 4 / 3))}


REMEDIES: Mapping[FailureClass, Remedy] = {
    FailureClass.UNCHANGED: raise_guidance,
    FailureClass.DAMAGED: lower_guidance,
    FailureClass.BLURRED: more_steps,
    FailureClass.WRONG_PLACE: lower_guidance,
    FailureClass.STRUCTURE_LOST: lower_guidance,
    FailureClass.COLOUR_CAST: lower_guidance,
    FailureClass.TEXT_MISSING: more_steps,
    FailureClass.TEXT_WRONG: more_steps,
    FailureClass.OLD_TEXT_LEFT: raise_guidance,
    FailureClass.OTHER_TEXT_LOST: lower_guidance,
    FailureClass.FRAMING_DRIFT: lower_guidance,
    FailureClass.WRONG_COLOUR: raise_guidance,
    FailureClass.CONTENT_REPLACED: lower_guidance,
    FailureClass.TEXT_UNREADABLE: more_steps,
    FailureClass.STYLE_LOST: lower_guidance,
    FailureClass.SMEARED: more_steps,
    FailureClass.NOT_FOLLOWED: raise_guidance,
}


def next_plan(attempts: Sequence[Attempt], *, max_attempts: int, max_engine_seconds: float) -> EditPlan | None:
    """The plan to try after `attempts` (at least one, the last one failed), or None when the budget is spent.

    Each failure class of the last verdict contributes its remedy, later ones winning over earlier; the seed is always
    fresh. The budget is `max_attempts` tries and `max_engine_seconds` of engine time, of which the next try is
    expected to take as long as the last.
    """
    last = attempts[-1]
    spent = sum(attempt.candidate.engine_seconds for attempt in attempts)
    if len(attempts) >= max_attempts or spent + last.candidate.engine_seconds > max_engine_seconds:
        return None
    changes: dict[str, float] = {}
    for failure in last.verdict.failures:
        changes |= REMEDIES[failure](last.plan)
    return last.plan.model_copy(update={**changes, "seed": fresh_seed(attempts[0].plan.seed, len(attempts))})


def fresh_seed(first: int, retry: int) -> int:
    """The seed of the `retry`-th retry (1, 2, ...): different each time, the same again for the same first seed."""
    return int.from_bytes(hashlib.sha256(f"{first}/{retry}".encode()).digest()[:6], "big")
