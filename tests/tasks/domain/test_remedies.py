from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.means import Means
from tasks.domain.models import (
    MAX_PROMPT,
    Attempt,
    Candidate,
    Check,
    CheckName,
    Contract,
    EditPlan,
    EditType,
    FailureClass,
    ImageRef,
    TextChange,
    Verdict,
)
from tasks.domain.recipes import Recipe
from tasks.domain.remedies import ADJUSTMENTS, LADDERS, MAX_CFG, MAX_CONTEXT, MAX_STEPS, MIN_CFG, Remedy, next_plan
from tasks.domain.traits import Traits

PICTURE = ImageRef(uri="", sha256="0" * 64, file_sha256="0" * 64, width=8, height=8)
EXACT = Traits(varies=frozenset(EditType) - {EditType.TEXT}, exact=True, reads_freely=False)
GENERATIVE = Traits(works_at=1_000_000, multiple=32)
DRAFTS = tuple(Recipe(cfg_scale=1.0, steps=steps, adapter=f"lightning-{steps}") for steps in (4, 8))
LADDERED = GENERATIVE.model_copy(update={"drafts": DRAFTS})


def plan_for(edit_type: EditType = EditType.TEXT, **more: object) -> EditPlan:
    changes = (TextChange(old="Sale", new="New"),) if edit_type is EditType.TEXT else ()
    plan = EditPlan(
        contract=Contract(edit_type=edit_type, text_changes=changes, checks=(CheckName.INTACT,)),
        prompt="Change the text 'Sale' to 'New'",
        negative_prompt=" ",
        cfg_scale=4.0,
        steps=50,
        seed=11,
    )
    return plan.model_copy(update=more)


def means(**more: object) -> Means:
    given_ = {
        "engine": "first",
        "traits": {"first": GENERATIVE, "second": GENERATIVE, "third": GENERATIVE, "setter": EXACT},
        "prompt": "Change the text 'Sale' to 'New'",
        "pixels": 500_000,
        "max_attempts": 3,
        "max_engine_seconds": 100,
    }
    return Means.model_validate(given_ | more)


def attempt(plan: EditPlan, *failures: FailureClass, seconds: float = 1.0) -> Attempt:
    checks = tuple(
        Check(name=CheckName.INTACT, score=0, threshold=1, passed=False, failure=failure) for failure in failures
    )
    return Attempt(
        plan=plan, candidate=Candidate(image=PICTURE, engine_seconds=seconds), verdict=Verdict(checks=checks)
    )


def retry(attempts: Sequence[Attempt], means: Means) -> EditPlan:
    """The next plan, which there must be."""
    plan = next_plan(attempts, means)
    assert plan is not None
    return plan


def follow(failures: Sequence[Sequence[FailureClass]], means: Means, first: EditPlan) -> list[Attempt]:
    """The attempts of a loop whose every candidate fails."""
    plan: EditPlan | None = first
    attempts: list[Attempt] = []
    while plan:
        attempts.append(attempt(plan, *failures[len(attempts) % len(failures)]))
        plan = next_plan(attempts, means)
    return attempts


def test_every_failure_class_has_a_ladder_that_ends_with_another_engine_but_what_the_policy_denied():
    assert set(LADDERS) == set(FailureClass) - {FailureClass.DENIED}
    assert all(Remedy.OTHER_ENGINE in ladder for ladder in LADDERS.values())


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
    first = plan_for()
    plan = retry([attempt(first, failure)], means())
    assert (getattr(plan, field) - getattr(first, field)) * direction > 0
    assert plan.seed != first.seed


@pytest.mark.parametrize("others", [(), (FailureClass.BLURRED,)])
def test_what_the_policy_denied_is_not_tried_again_whatever_else_is_wrong(others):
    assert next_plan([attempt(plan_for(), FailureClass.DENIED, *others)], means()) is None


def test_the_plan_says_why_it_was_made():
    plan = retry([attempt(plan_for(), FailureClass.TEXT_WRONG)], means())
    assert plan.remedy == "after 'text wrong': more steps, new seed"


def test_a_ladder_is_climbed_and_its_last_rung_is_a_new_seed_alone():
    attempts = follow([[FailureClass.TEXT_WRONG]], means(max_attempts=5), plan_for())
    assert [a.plan.remedies for a in attempts[1:]] == [
        (Remedy.MORE_STEPS, Remedy.NEW_SEED),
        (Remedy.STRONGER_PROMPT, Remedy.NEW_SEED),
        (Remedy.NEW_SEED,),
        (Remedy.NEW_SEED,),
    ]


def test_the_gravest_failure_decides_and_the_others_add_what_does_not_conflict():
    failures = (FailureClass.STRUCTURE_LOST, FailureClass.WRONG_COLOUR, FailureClass.BLURRED)
    plan = retry([attempt(plan_for(), *failures)], means())
    assert plan.cfg_scale < 4.0  # wrong colour asks for more guidance, structure is graver
    assert plan.prompt != plan_for().prompt
    assert plan.steps > 50


def test_guidance_beyond_the_range_is_never_turned_round():
    plan = retry([attempt(plan_for(cfg_scale=12.0), FailureClass.UNCHANGED)], means())
    assert plan.cfg_scale == 12.0


def test_a_stricter_mask_is_only_a_remedy_where_a_region_is_known_and_no_mask_was_given():
    masked = plan_for(EditType.APPEARANCE, mask=PICTURE)
    failed = [attempt(masked, FailureClass.WRONG_PLACE)]
    assert retry(failed, means()).strict
    assert not retry(failed, means(masked=True)).strict
    assert not retry([attempt(plan_for(), FailureClass.WRONG_PLACE)], means()).strict


def test_a_larger_window_is_only_a_remedy_for_a_picture_larger_than_the_engine_works_at():
    failed = [attempt(plan_for(), FailureClass.STYLE_LOST)]
    assert retry(failed, means(pixels=48_000_000)).context == 2.0
    assert retry(failed, means()).context == 1.0


def test_an_engine_for_which_nothing_makes_a_difference_is_not_asked_twice():
    setting = means(engine="setter", max_attempts=8)
    assert len(follow([list(LADDERS)], setting, plan_for())) == 1
    assert len(follow([list(LADDERS)], setting, plan_for(EditType.APPEARANCE))) == 8


def test_a_text_edit_is_typeset_on_its_last_try_with_the_words_of_the_request():
    attempts = follow([[FailureClass.TEXT_WRONG]], means(typesetter="setter"), plan_for())
    assert [a.plan.engine for a in attempts] == [None, None, "setter"]
    assert attempts[-1].plan.prompt == plan_for().prompt
    assert attempts[-1].plan.remedy == "after 'text wrong': typesetting (setter)"


@pytest.mark.parametrize("plan", [plan_for(EditType.APPEARANCE), plan_for(EditType.HYBRID)])
def test_only_text_edits_that_quote_their_text_are_typeset(plan):
    attempts = follow([[FailureClass.TEXT_WRONG]], means(typesetter="setter"), plan)
    assert all(a.plan.engine is None for a in attempts)


def test_alternates_are_tried_in_order_before_typesetting_each_from_the_beginning():
    lent = means(alternates=("first", "second", "third"), typesetter="setter", max_attempts=4)
    attempts = follow([[FailureClass.TEXT_WRONG]], lent, plan_for())
    assert [a.plan.engine for a in attempts] == [None, "second", "third", "setter"]
    assert all(a.plan.steps == 50 for a in attempts)


def test_with_tries_to_spare_an_alternate_climbs_its_own_ladder():
    attempts = follow([[FailureClass.BLURRED]], means(alternates=("second",), max_attempts=6), plan_for())
    engines = [a.plan.engine for a in attempts]
    assert engines == [None, None, None, "second", "second", "second"]


def test_a_retry_that_would_overrun_the_engine_budget_is_not_started():
    failed = [attempt(plan_for(), seconds=40)]
    assert next_plan(failed, means(max_attempts=5, max_engine_seconds=79)) is None
    assert next_plan(failed, means(max_attempts=5, max_engine_seconds=80)) is not None


def test_more_steps_are_expected_to_take_longer():
    failed = [attempt(plan_for(), FailureClass.BLURRED, seconds=40)]
    plan = retry(failed, means(max_engine_seconds=85))
    assert plan.steps == 50
    assert Remedy.STRONGER_PROMPT in plan.remedies


TRAITS = st.builds(
    Traits,
    works_at=st.sampled_from([None, 1_000_000]),
    varies=st.frozensets(st.sampled_from(EditType)),
    exact=st.booleans(),
    reads_freely=st.booleans(),
    drafts=st.sampled_from([(), DRAFTS[:1], DRAFTS]),
)


@given(
    failures=st.lists(st.lists(st.sampled_from(list(LADDERS)), max_size=4), min_size=1, max_size=5),
    first=st.builds(
        plan_for,
        st.sampled_from(EditType),
        mask=st.sampled_from([None, PICTURE]),
        cfg_scale=st.floats(1, 20),
        steps=st.integers(1, 200),
        prompt=st.sampled_from(["Change the text 'Sale' to 'New'", "x" * MAX_PROMPT]),
        adapter=st.sampled_from(["", "lightning-4", "lightning-8"]),
    ),
    limits=st.builds(
        means,
        traits=st.fixed_dictionaries(dict.fromkeys(("first", "second", "third", "setter"), TRAITS)),
        alternates=st.lists(st.sampled_from(["first", "second", "third"]), max_size=3).map(tuple),
        typesetter=st.sampled_from([None, "setter"]),
        pixels=st.sampled_from([500_000, 48_000_000]),
        masked=st.booleans(),
        max_attempts=st.integers(1, 12),
        max_engine_seconds=st.floats(0.5, 12),
    ),
)
def test_the_loop_ends_within_its_budget_never_repeats_a_plan_and_stays_in_range(failures, first, limits):
    attempts = follow(failures, limits, first)
    assert len(attempts) <= limits.max_attempts
    assert len(attempts) == 1 or sum(a.candidate.engine_seconds for a in attempts) <= limits.max_engine_seconds
    plans = [a.plan for a in attempts]
    assert len({limits.essence(plan) for plan in plans}) == len(plans)
    for plan in plans[1:]:
        assert min(1.0 if plan.adapter else MIN_CFG, first.cfg_scale) <= plan.cfg_scale <= max(MAX_CFG, first.cfg_scale)
        assert plan.steps <= max(MAX_STEPS, first.steps)
        assert plan.context <= MAX_CONTEXT
        assert len(plan.prompt) <= MAX_PROMPT
        assert plan.prompt.startswith(first.prompt) or plan.prompt == limits.prompt
        assert plan.contract == first.contract
        assert plan.remedies
        assert set(plan.remedies) <= set(Remedy)


def test_every_remedy_of_a_ladder_is_an_adjustment_or_another_engine():
    engines = {Remedy.OTHER_ENGINE, Remedy.TYPESETTING}
    assert {remedy for ladder in LADDERS.values() for remedy in ladder} <= set(ADJUSTMENTS) | engines


FAST = GENERATIVE.model_copy(
    update={"tunable": False, "recipes": dict.fromkeys(EditType, Recipe(cfg_scale=1.0, steps=4))}
)


def test_a_distilled_engine_keeps_its_guidance_and_steps_and_gets_other_words_and_seeds():
    first = plan_for(cfg_scale=1.0, steps=4)
    spare = means(traits={"first": FAST}, alternates=(), typesetter=None, max_attempts=9)
    for failures in ([FailureClass.STRUCTURE_LOST], [FailureClass.TEXT_WRONG], [FailureClass.UNCHANGED]):
        tried = follow([failures], spare, first)
        assert len({attempt.plan.seed for attempt in tried}) == len(tried) > 1
        assert {(attempt.plan.cfg_scale, attempt.plan.steps) for attempt in tried} == {(1.0, 4)}


def test_another_engine_is_run_with_its_own_recipe_unless_the_request_set_it():
    spare = means(traits={"first": GENERATIVE, "other": FAST}, alternates=("other",), max_attempts=2)
    kind = plan_for().contract.edit_type
    own = plan_for(cfg_scale=GENERATIVE.recipes[kind].cfg_scale, steps=GENERATIVE.recipes[kind].steps)
    failed = attempt(own, FailureClass.TEXT_WRONG)
    assert (retry([failed], spare).cfg_scale, retry([failed], spare).steps) == (1.0, 4)
    asked = attempt(own.model_copy(update={"steps": 33}), FailureClass.TEXT_WRONG)
    assert (retry([asked], spare).cfg_scale, retry([asked], spare).steps) == (1.0, 33)


def test_an_engine_that_more_words_would_mislead_gets_the_users_own():
    rewritten = plan_for(prompt="in other and more words")
    spare = means(
        traits={"first": GENERATIVE, "plain": EXACT}, alternates=("plain",), max_attempts=2, prompt="the user's words"
    )
    assert retry([attempt(rewritten, FailureClass.TEXT_WRONG)], spare).prompt == "the user's words"


def draft(edit_type: EditType = EditType.APPEARANCE, **more: object) -> EditPlan:
    """The first plan of an engine with drafts."""
    return plan_for(edit_type, **DRAFTS[0].model_dump(), **more)


def drafting(**more: object) -> Means:
    traits = {"first": LADDERED, "second": GENERATIVE, "setter": EXACT}
    return means(traits=traits, max_attempts=6).model_copy(update=more)


def rungs(failures: Sequence[FailureClass], limits: Means, first: EditPlan) -> list[str]:
    """With what each attempt of a loop was made whose every candidate fails so."""
    return [attempt.plan.adapter or "full" for attempt in follow([failures], limits, first)]


@pytest.mark.parametrize(
    ("failure", "tried"),
    [
        (FailureClass.TEXT_WRONG, ["lightning-4", "lightning-8", "full", "full"]),
        (FailureClass.BLURRED, ["lightning-4", "lightning-8", "full", "full"]),
        (FailureClass.UNCHANGED, ["lightning-4", "full", "full", "full"]),
        (FailureClass.WRONG_PLACE, ["lightning-4", "full", "full", "full"]),
    ],
)
def test_the_verdict_on_a_draft_decides_how_far_up_the_ladder_it_goes(failure, tried):
    assert rungs([failure], drafting(max_attempts=4), draft()) == tried


def test_a_draft_made_anew_is_made_with_all_parameters_of_its_rung():
    plan = retry([attempt(draft(), FailureClass.UNCHANGED)], drafting())
    assert {name: getattr(plan, name) for name in Recipe.model_fields} == LADDERED.recipes[
        EditType.APPEARANCE
    ].model_dump()
    assert plan.remedy == "after 'unchanged': full quality, new seed"
    assert plan.seed != draft().seed


def test_failures_that_better_parameters_do_not_answer_add_their_own_remedy_to_them():
    plan = retry([attempt(draft(mask=PICTURE), FailureClass.WRONG_PLACE, FailureClass.BLURRED)], drafting())
    assert plan.remedies == (Remedy.FULL, Remedy.STRICTER_MASK, Remedy.NEW_SEED)
    assert plan.strict
    assert plan.prompt == draft().prompt


@pytest.mark.parametrize(
    ("most", "tried"),
    [(2, ["lightning-4", "full"]), (3, ["lightning-4", "lightning-8", "full"])],
)
def test_the_last_try_is_one_of_full_quality(most, tried):
    assert rungs([FailureClass.BLURRED], drafting(max_attempts=most), draft()) == tried


def test_full_quality_has_its_try_before_what_is_fallen_back_on():
    lent = drafting(max_attempts=3, typesetter="setter")
    attempts = follow([[FailureClass.TEXT_WRONG]], lent, draft(EditType.TEXT))
    assert [(a.plan.engine, a.plan.adapter) for a in attempts] == [(None, "lightning-4"), (None, ""), ("setter", "")]
    scarce = follow([[FailureClass.TEXT_WRONG]], drafting(max_attempts=2, typesetter="setter"), draft(EditType.TEXT))
    assert [a.plan.engine for a in scarce] == [None, "setter"]


def test_another_engine_than_that_of_a_draft_is_run_with_its_best_parameters():
    lent = drafting(max_attempts=2, alternates=("second",))
    plan = retry([attempt(draft(), FailureClass.UNCHANGED)], lent)
    best = GENERATIVE.recipes[EditType.APPEARANCE]
    assert (plan.engine, plan.steps, plan.cfg_scale, plan.adapter) == ("second", best.steps, best.cfg_scale, "")


def test_full_quality_is_not_begun_when_it_would_take_longer_than_there_is_time_for():
    failed = [attempt(draft(), FailureClass.UNCHANGED, seconds=2)]
    passes = LADDERED.recipes[EditType.APPEARANCE].steps * 2
    enough = 2 + 2 * passes / 4
    assert retry(failed, drafting(max_engine_seconds=enough)).adapter == ""
    assert retry(failed, drafting(max_engine_seconds=enough - 1)).adapter == "lightning-4"


def test_what_no_check_applied_to_is_not_made_better():
    assert rungs([], drafting(), draft())[:2] == ["lightning-4", "lightning-4"]
