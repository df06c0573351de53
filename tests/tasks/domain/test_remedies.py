from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.models import (
    Attempt,
    Candidate,
    Check,
    CheckName,
    Contract,
    EditPlan,
    EditType,
    FailureClass,
    ImageRef,
    Verdict,
)
from tasks.domain.remedies import MAX_CFG, MAX_STEPS, MIN_CFG, REMEDIES, next_plan

PICTURE = ImageRef(uri="", sha256="0" * 64, file_sha256="0" * 64, width=8, height=8)
PLAN = EditPlan(
    contract=Contract(edit_type=EditType.TEXT, checks=(CheckName.INTACT,)),
    prompt="x",
    negative_prompt=" ",
    cfg_scale=4.0,
    steps=50,
    seed=11,
)


def attempt(plan: EditPlan, *failures: FailureClass, seconds: float = 1.0) -> Attempt:
    checks = tuple(
        Check(name=CheckName.INTACT, score=0, threshold=1, passed=False, failure=failure) for failure in failures
    )
    return Attempt(
        plan=plan, candidate=Candidate(image=PICTURE, engine_seconds=seconds), verdict=Verdict(checks=checks)
    )


def follow(failures: list[list[FailureClass]], *, max_attempts: int, max_engine_seconds: float) -> list[Attempt]:
    """The attempts of a loop whose every candidate fails."""
    plan: EditPlan | None = PLAN
    attempts: list[Attempt] = []
    while plan:
        attempts.append(attempt(plan, *failures[len(attempts) % len(failures)]))
        plan = next_plan(attempts, max_attempts=max_attempts, max_engine_seconds=max_engine_seconds)
    return attempts


def test_every_failure_class_has_a_remedy():
    assert set(REMEDIES) == set(FailureClass)


@pytest.mark.parametrize(
    ("failure", "field", "direction"),
    [
        (FailureClass.STRUCTURE_LOST, "cfg_scale", -1),
        (FailureClass.UNCHANGED, "cfg_scale", 1),
        (FailureClass.TEXT_WRONG, "steps", 1),
        (FailureClass.BLURRED, "steps", 1),
    ],
)
def test_the_remedy_moves_the_parameter_that_causes_the_failure(failure, field, direction):
    plan = next_plan([attempt(PLAN, failure)], max_attempts=3, max_engine_seconds=100)
    assert plan is not None
    assert (getattr(plan, field) - getattr(PLAN, field)) * direction > 0


def test_a_retry_that_would_overrun_the_engine_budget_is_not_started():
    assert next_plan([attempt(PLAN, seconds=40)], max_attempts=5, max_engine_seconds=79) is None
    assert next_plan([attempt(PLAN, seconds=40)], max_attempts=5, max_engine_seconds=80) is not None


@given(
    failures=st.lists(st.lists(st.sampled_from(list(FailureClass)), max_size=4), min_size=1, max_size=5),
    max_attempts=st.integers(1, 8),
    budget=st.floats(0.5, 10),
)
def test_the_loop_ends_within_its_budget_never_repeats_a_plan_and_stays_in_range(failures, max_attempts, budget):
    attempts = follow(failures, max_attempts=max_attempts, max_engine_seconds=budget)
    assert len(attempts) <= max_attempts
    assert len(attempts) == 1 or sum(a.candidate.engine_seconds for a in attempts) <= budget
    plans = [a.plan for a in attempts]
    assert len({plan.seed for plan in plans}) == len(plans)
    assert all(MIN_CFG <= plan.cfg_scale <= MAX_CFG and plan.steps <= MAX_STEPS for plan in plans)
