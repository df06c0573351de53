"""What to do about what was found: rules as data, the first that applies is the advice."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tasks.domain.ab.analysis import Action, Analysis, Arm, Finding, Recommendation


class Rule(NamedTuple):
    """One rule: when it applies, what to do, and the words for it."""

    applies: Callable[[Analysis], bool]
    action: Action
    reason: Callable[[Analysis], str]


def _winner(found: Analysis) -> Arm:
    return found.arm(found.winner or found.control)


RULES: tuple[Rule, ...] = (
    Rule(
        lambda found: found.finding is Finding.BLOCKED,
        Action.REPAIR,
        lambda found: (
            f"the traffic is not split as planned (p = {found.split.p_value:.1g}): find out why before trusting a "
            "number - redirects, caching, robots or a variant that loads slower - then begin a new test"
        ),
    ),
    Rule(
        lambda found: found.winner == found.control and found.finding is Finding.WINNER,
        Action.KEEP,
        lambda found: f"{found.control!r} is better than everything tried against it",
    ),
    Rule(  # the bar is the guide's: conversion above 10 %; here the interval must clear it, not the observed rate
        lambda found: found.finding is Finding.WINNER and _winner(found).low > found.roll_out_above,
        Action.ROLL_OUT,
        lambda found: (
            f"{found.winner!r} is better than {found.control!r}, and its rate of {_winner(found).rate:.2%} "
            f"(at least {_winner(found).low:.2%}) is above the bar of {found.roll_out_above:.0%}"
        ),
    ),
    Rule(
        lambda found: found.finding is Finding.WINNER,
        Action.ADOPT,
        lambda found: (
            f"{found.winner!r} is better than {found.control!r}, but its rate of {_winner(found).rate:.2%} (at least "
            f"{_winner(found).low:.2%}) is not shown to be above the bar of {found.roll_out_above:.0%}: show it "
            "instead of the control, and test the next idea against it"
        ),
    ),
    Rule(
        lambda found: found.finding is Finding.NO_DIFFERENCE,
        Action.STOP,
        lambda found: (
            f"the test is full ({found.impressions:,} impressions) and shows no difference: keep {found.control!r} or "
            "whatever is cheaper, and test a bolder idea"
        ),
    ),
    Rule(
        lambda found: found.planned is None,
        Action.GO_ON,
        lambda _: "nothing is decided; the test has no planned size, so only a difference that shows can end it",
    ),
    Rule(
        lambda found: found.impressions < (found.planned or 0),
        Action.GO_ON,
        lambda found: (
            f"nothing is decided: {found.impressions:,} of {found.planned:,} planned impressions; stopping now would "
            "be guessing"
        ),
    ),
    Rule(
        lambda _: True,
        Action.STOP,
        lambda found: (
            f"the planned {found.planned:,} impressions are there and nothing is decided: whatever difference there "
            "is, it is probably smaller than the one the test was made to find"
        ),
    ),
)


def recommend(found: Analysis) -> Recommendation:
    """The advice of the first rule that applies."""
    rule = next(rule for rule in RULES if rule.applies(found))
    reason = rule.reason(found)
    if found.also_better:
        names = ", ".join(map(repr, found.also_better))
        reason += f". Also better than {found.control!r}: {names}; that the winner beats them too is not shown"
    return Recommendation(action=rule.action, reason=reason)
