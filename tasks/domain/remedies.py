"""What to change after a candidate failed: failure class -> a ladder of remedies, climbed rung by rung.

Lower guidance for lost structure and more steps for unclear text are the two recommendations of the Qwen-Image-Edit
field guides. The rule, in full:

1. The gravest failure decides (the order of `LADDERS`): the first rung of its ladder that has not been used with this
   engine, can be done, fits the budget and makes a plan not tried yet. Its ladder spent, the next failure's is climbed.
2. Each of the other failures adds the first rung of its own ladder that touches nothing touched so far.
3. A draft is not mended but made anew by the same engine with better parameters, before anything else: with the next
   better ones where more steps would be the remedy, with its best where anything else would, or when this is the last
   try with this engine. Failures whose first remedy is neither guidance nor steps add theirs.
4. Another engine starts afresh, with the instruction of the first attempt and its own parameters, unless the request
   set them; when no more tries are left than other engines, those go first.
5. The seed is always fresh, because the same noise gives the same mistake; with every ladder spent, it alone is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from tasks.domain.demands import strengthened
from tasks.domain.means import Means
from tasks.domain.models import Attempt, EditPlan, EditType, FailureClass
from tasks.domain.recipes import Recipe

MIN_CFG, MAX_CFG = 1.5, 8.0
MAX_STEPS = 100
MAX_CONTEXT = 4.0

Changes = dict[str, Any]
"""Fields of a plan and their new values."""


class Remedy(StrEnum):
    """One thing a retry can change."""

    LOWER_GUIDANCE = "lower guidance"
    HIGHER_GUIDANCE = "higher guidance"
    MORE_STEPS = "more steps"
    STRONGER_PROMPT = "stronger prompt"
    LARGER_WINDOW = "larger window"
    STRICTER_MASK = "stricter mask"
    OTHER_ENGINE = "another engine"
    TYPESETTING = "typesetting"
    NEW_SEED = "new seed"
    REFINED = "refined"
    """A draft made anew with the next better parameters of its engine ..."""
    FULL = "full quality"
    """... or with its best."""


def _lower_guidance(plan: EditPlan, means: Means, _: object) -> Changes:
    lower = max(MIN_CFG, plan.cfg_scale - 0.5)
    return {"cfg_scale": lower} if means.tunable(plan) and lower < plan.cfg_scale else {}


def _higher_guidance(plan: EditPlan, means: Means, _: object) -> Changes:
    higher = min(MAX_CFG, plan.cfg_scale + 1.0)
    return {"cfg_scale": higher} if means.tunable(plan) and higher > plan.cfg_scale else {}


def _more_steps(plan: EditPlan, means: Means, _: object) -> Changes:
    more = min(MAX_STEPS, max(plan.steps + 1, round(plan.steps * 4 / 3)))
    return {"steps": more} if means.tunable(plan) and more > plan.steps else {}


def _stronger_prompt(plan: EditPlan, means: Means, failures: Sequence[FailureClass]) -> Changes:
    stronger = strengthened(plan.prompt, plan.contract.text_changes, failures)
    return {"prompt": stronger} if means.of(plan).reads_freely and stronger != plan.prompt else {}


def _larger_window(plan: EditPlan, means: Means, _: object) -> Changes:
    larger = min(MAX_CONTEXT, plan.context * 2)
    return {"context": larger} if means.windowed(plan) and larger > plan.context else {}


def _stricter_mask(plan: EditPlan, means: Means, _: object) -> Changes:
    pointless = means.masked or means.of(plan).exact or plan.mask is None or plan.strict
    return {} if pointless else {"strict": True}


def _new_seed(plan: EditPlan, means: Means, _: object) -> Changes:
    return {"seed": plan.seed} if means.varies(plan) else {}  # made fresh below, as with every remedy


def _refined(plan: EditPlan, means: Means, _: object) -> Changes:
    return _sampled(means.better(plan)[:1])


def _full(plan: EditPlan, means: Means, _: object) -> Changes:
    return _sampled(means.better(plan)[-1:])


def _sampled(recipes: Sequence[Recipe]) -> Changes:
    return recipes[0].model_dump() if recipes else {}


ADJUSTMENTS: Mapping[Remedy, Callable[[EditPlan, Means, Sequence[FailureClass]], Changes]] = {
    Remedy.LOWER_GUIDANCE: _lower_guidance,
    Remedy.HIGHER_GUIDANCE: _higher_guidance,
    Remedy.MORE_STEPS: _more_steps,
    Remedy.STRONGER_PROMPT: _stronger_prompt,
    Remedy.LARGER_WINDOW: _larger_window,
    Remedy.STRICTER_MASK: _stricter_mask,
    Remedy.NEW_SEED: _new_seed,
    Remedy.REFINED: _refined,
    Remedy.FULL: _full,
}
"""Remedies that keep the engine: the changes they make to a plan, none when they cannot do anything for it."""
SAMPLING = {Remedy.LOWER_GUIDANCE, Remedy.HIGHER_GUIDANCE, Remedy.MORE_STEPS}
"""What better parameters stand for when a draft failed."""

_R = Remedy
LADDERS: Mapping[FailureClass, tuple[Remedy, ...]] = {
    FailureClass.DAMAGED: (_R.LOWER_GUIDANCE, _R.MORE_STEPS, _R.OTHER_ENGINE),
    FailureClass.CONTENT_REPLACED: (_R.LOWER_GUIDANCE, _R.STRICTER_MASK, _R.STRONGER_PROMPT, _R.OTHER_ENGINE),
    FailureClass.UNCHANGED: (_R.HIGHER_GUIDANCE, _R.STRONGER_PROMPT, _R.LARGER_WINDOW, _R.OTHER_ENGINE, _R.TYPESETTING),
    FailureClass.NOT_FOLLOWED: (_R.HIGHER_GUIDANCE, _R.STRONGER_PROMPT, _R.OTHER_ENGINE),
    FailureClass.TEXT_MISSING: (_R.MORE_STEPS, _R.STRONGER_PROMPT, _R.HIGHER_GUIDANCE, _R.OTHER_ENGINE, _R.TYPESETTING),
    FailureClass.TEXT_WRONG: (_R.MORE_STEPS, _R.STRONGER_PROMPT, _R.OTHER_ENGINE, _R.TYPESETTING),
    FailureClass.TEXT_UNREADABLE: (_R.MORE_STEPS, _R.STRONGER_PROMPT, _R.OTHER_ENGINE, _R.TYPESETTING),
    FailureClass.OLD_TEXT_LEFT: (_R.HIGHER_GUIDANCE, _R.STRONGER_PROMPT, _R.OTHER_ENGINE, _R.TYPESETTING),
    FailureClass.WRONG_PLACE: (_R.STRICTER_MASK, _R.STRONGER_PROMPT, _R.LOWER_GUIDANCE, _R.OTHER_ENGINE),
    FailureClass.STRUCTURE_LOST: (_R.LOWER_GUIDANCE, _R.STRICTER_MASK, _R.STRONGER_PROMPT, _R.OTHER_ENGINE),
    FailureClass.OTHER_TEXT_LOST: (
        *(_R.STRICTER_MASK, _R.LOWER_GUIDANCE, _R.STRONGER_PROMPT),
        *(_R.OTHER_ENGINE, _R.TYPESETTING),
    ),
    FailureClass.FRAMING_DRIFT: (_R.LOWER_GUIDANCE, _R.STRONGER_PROMPT, _R.LARGER_WINDOW, _R.OTHER_ENGINE),
    FailureClass.WRONG_COLOUR: (_R.HIGHER_GUIDANCE, _R.STRONGER_PROMPT, _R.OTHER_ENGINE),
    FailureClass.COLOUR_CAST: (_R.LOWER_GUIDANCE, _R.STRICTER_MASK, _R.STRONGER_PROMPT, _R.OTHER_ENGINE),
    FailureClass.STYLE_LOST: (
        *(_R.LARGER_WINDOW, _R.STRONGER_PROMPT, _R.LOWER_GUIDANCE),
        *(_R.OTHER_ENGINE, _R.TYPESETTING),
    ),
    FailureClass.SMEARED: (_R.MORE_STEPS, _R.LARGER_WINDOW, _R.STRONGER_PROMPT, _R.OTHER_ENGINE, _R.TYPESETTING),
    FailureClass.BLURRED: (_R.MORE_STEPS, _R.STRONGER_PROMPT, _R.OTHER_ENGINE, _R.TYPESETTING),
}
"""From the gravest failure to the mildest; each ladder from what is most likely to mend it to the last resort.

What the policy denied has none: to try until it looks away is no remedy.
"""


def next_plan(attempts: Sequence[Attempt], means: Means) -> EditPlan | None:
    """The plan to try after `attempts` (at least one, the last one failed); None when budget or remedies are spent.

    None as well after what the policy denied. The budget is `means.max_attempts` tries and `means.max_engine_seconds`
    of engine time, of which the next try is expected to take as long as the longest so far, and longer in proportion
    when it takes more passes.
    """
    if len(attempts) >= means.max_attempts or FailureClass.DENIED in attempts[-1].verdict.failures:
        return None
    failures = [failure for failure in LADDERS if failure in attempts[-1].verdict.failures]
    tried = {means.essence(attempt.plan) for attempt in attempts}
    for remedy in _rungs(failures, attempts, means):
        for plan in _plans(remedy, failures, attempts, means):
            if means.essence(plan) not in tried and _affordable(plan, attempts, means):
                return plan
    return None


def _rungs(failures: Sequence[FailureClass], attempts: Sequence[Attempt], means: Means) -> list[Remedy]:
    """What to try, in order: rungs not used yet with this engine; when tries are scarce, other engines first."""
    climbed = [remedy for failure in failures for remedy in LADDERS[failure]] or [Remedy.OTHER_ENGINE]
    used = _used(attempts, means)
    rungs = [*(remedy for remedy in dict.fromkeys(climbed) if remedy not in used), Remedy.NEW_SEED]
    others = {name for remedy in rungs for name in _engines(remedy, attempts, means)}
    spare = means.max_attempts - len(attempts) - len(others)
    if failures and means.better(attempts[-1].plan):
        more_steps = LADDERS[failures[0]][0] is Remedy.MORE_STEPS
        rungs.insert(0, Remedy.REFINED if more_steps and spare > 1 else Remedy.FULL)
    return sorted(rungs, key=lambda remedy: spare <= 0 and remedy in ADJUSTMENTS)


def _used(attempts: Sequence[Attempt], means: Means) -> set[str]:
    """Names of the remedies taken so far with the engine that made the last candidate; a new seed is never used up."""
    engine = means.name(attempts[-1].plan)
    plans = [attempt.plan for attempt in attempts if means.name(attempt.plan) == engine]
    return {remedy for plan in plans for remedy in plan.remedies if remedy in ADJUSTMENTS} - {Remedy.NEW_SEED}


def _engines(remedy: Remedy, attempts: Sequence[Attempt], means: Means) -> list[str]:
    """The engines not yet tried that a remedy can turn to. Only a text edit whose words are quoted can be typeset."""
    contract, names = attempts[0].plan.contract, []
    if remedy is Remedy.OTHER_ENGINE:
        names = list(means.alternates)
    elif remedy is Remedy.TYPESETTING and contract.edit_type is EditType.TEXT and contract.text_changes:
        names = [means.typesetter] if means.typesetter else []
    tried = {means.name(attempt.plan) for attempt in attempts}
    return [name for name in names if name not in tried]


def _plans(
    remedy: Remedy, failures: Sequence[FailureClass], attempts: Sequence[Attempt], means: Means
) -> Iterator[EditPlan]:
    """The plans a remedy makes of the attempts so far; none when it cannot do anything for them."""
    first, last = attempts[0].plan, attempts[-1].plan
    why = f"after {', '.join(map(repr, map(str, failures))) or 'no check applied'}"
    if remedy not in ADJUSTMENTS:
        for name in _engines(remedy, attempts, means):
            said = f"{why}: {remedy} ({name})"
            fresh = {"engine": name, "remedies": (remedy,), "remedy": said, **means.translated(first, name)}
            yield first.model_copy(update=fresh)
        return
    changes, taken = _combined(remedy, failures, last, means, _used(attempts, means))
    if not changes:
        return
    if means.varies(last):
        changes["seed"] = fresh_seed(first.seed, len(attempts))
        taken = list(dict.fromkeys([*taken, Remedy.NEW_SEED]))
    said = f"{why}: {', '.join(taken)}"
    yield last.model_copy(update={**changes, "remedies": tuple(taken), "remedy": said})


def _combined(
    remedy: Remedy, failures: Sequence[FailureClass], plan: EditPlan, means: Means, used: set[str]
) -> tuple[Changes, list[Remedy]]:
    """What a remedy changes, with what the other failures add to it (rule 2), and all remedies in it."""
    changes, taken = ADJUSTMENTS[remedy](plan, means, failures), [remedy]
    for failure in _unanswered(remedy, failures) if changes else ():
        for also in LADDERS[failure]:
            more = ADJUSTMENTS[also](plan, means, failures) if also in ADJUSTMENTS and also not in used else {}
            if more and not more.keys() & changes.keys():
                changes |= more
                taken.append(also)
                break
    return changes, taken


def _unanswered(remedy: Remedy, failures: Sequence[FailureClass]) -> list[FailureClass]:
    """The failures that a remedy is no answer to, which add to it what is."""
    if remedy in {Remedy.REFINED, Remedy.FULL}:
        return [failure for failure in failures if LADDERS[failure][0] not in SAMPLING]
    deciding = next((failure for failure in failures if remedy in LADDERS[failure]), None)
    return [failure for failure in failures if failure is not deciding] if deciding else []


def _affordable(plan: EditPlan, attempts: Sequence[Attempt], means: Means) -> bool:
    spent = [(attempt.candidate.engine_seconds, attempt.plan.passes) for attempt in attempts]
    passes = plan.passes if means.varies(plan) else 0
    expected = max(seconds * max(1.0, passes / made) for seconds, made in spent)
    return sum(seconds for seconds, _ in spent) + expected <= means.max_engine_seconds


def fresh_seed(first: int, retry: int) -> int:
    """The seed of the `retry`-th retry (1, 2, ...): different each time, the same again for the same first seed."""
    return int.from_bytes(hashlib.sha256(f"{first}/{retry}".encode()).digest()[:6], "big")
