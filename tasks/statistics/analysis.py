"""What the counts of a test say: the verdict from its method, the rest for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chisquare

from tasks.domain.ab.analysis import Analysis, Arm, Comparison, Finding, Split
from tasks.domain.ab.counts import Count
from tasks.domain.ab.experiment import Definition, Experiment, Method
from tasks.statistics import fixed, sequential
from tasks.statistics.bayes import chances
from tasks.statistics.extra import extra

UNEVEN = 0.001
"""p-value below which a split is no chance: Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled
Experiments", KDD 2019. So strict that 20 looks raise few false alarms."""


def analyse(experiment: Experiment, counts: Sequence[Count]) -> Analysis:
    """Every figure and the verdict. `counts` has one entry for each variant of the test, in its order."""
    test = experiment.definition
    total = sum(count.impressions for count in counts)
    split = check_split(test, counts)
    may_decide = split.passed and (test.method is Method.SEQUENTIAL or total >= (experiment.planned or 0))
    compared = _compared(test, experiment.planned, counts, may_decide=may_decide)
    finding, winner, also = _verdict(test, compared, split, may_decide=may_decide)
    return Analysis(
        test=test.id,
        hypothesis=test.hypothesis,
        metric=test.metric,
        method=test.method,
        confidence=test.confidence,
        control=test.baseline,
        planned=experiment.planned,
        impressions=total,
        roll_out_above=test.roll_out_above,
        arms=_arms(test, counts),
        comparisons=compared,
        split=split,
        finding=finding,
        winner=winner,
        also_better=also,
    )


def check_split(test: Definition, counts: Sequence[Count]) -> Split:
    """Whether impressions lie as the shares of the variants say: Pearson's chi-square test."""
    shares = np.array([variant.share for variant in test.variants])
    seen = np.array([count.impressions for count in counts], np.float64)
    expected = shares / shares.sum() * seen.sum()
    p_value = float(chisquare(seen, expected).pvalue)
    return Split(expected=tuple(map(float, expected)), p_value=p_value, passed=p_value >= UNEVEN)


def _arms(test: Definition, counts: Sequence[Count]) -> tuple[Arm, ...]:
    successes, impressions = [one.successes for one in counts], [one.impressions for one in counts]
    low, high = extra("statsmodels.stats.proportion").proportion_confint(
        np.array(successes), np.array(impressions), alpha=test.alpha, method="wilson"
    )
    best, loss = chances(successes, impressions)
    rates = [one.successes / one.impressions for one in counts]
    return tuple(
        Arm(
            variant=one.variant,
            impressions=one.impressions,
            successes=one.successes,
            rate=rates[i],
            low=min(rates[i], max(0.0, float(low[i]))),  # rounding puts the end of 0 of 50 above 0
            high=max(rates[i], min(1.0, float(high[i]))),
            chance_best=best[i],
            expected_loss=loss[i],
        )
        for i, one in enumerate(counts)
    )


def _compared(
    test: Definition, planned: int | None, counts: Sequence[Count], *, may_decide: bool
) -> tuple[Comparison, ...]:
    """Each variant against the control. Intervals hold together (Bonferroni), p-values are corrected by Holm."""
    control = next(count for count in counts if count.variant == test.baseline)
    others = [count for count in counts if count is not control]
    level = test.alpha / len(others)
    found = [_compare(test, planned, control, other, level) for other in others]
    reject, adjusted = extra("statsmodels.stats.multitest").multipletests(
        [float(one.p_value) for one in found], alpha=test.alpha, method="holm"
    )[:2]
    base = control.successes / control.impressions
    return tuple(
        Comparison(
            variant=other.variant,
            difference=float(one.difference),
            low=max(-1.0, float(one.low)),
            high=min(1.0, float(one.high)),
            lift=float(one.difference) / base if base else None,
            lift_low=max(-1.0, float(one.low)) / base if base else None,
            lift_high=min(1.0, float(one.high)) / base if base else None,
            p_value=min(1.0, float(one.p_value)),
            p_adjusted=min(1.0, float(adjusted[i])),
            significant=may_decide and bool(reject[i]),
        )
        for i, (other, one) in enumerate(zip(others, found, strict=True))
    )


def _compare(test: Definition, planned: int | None, control: Count, other: Count, level: float) -> sequential.Compared:
    pair = (control, other)
    successes = (pair[0].successes, pair[1].successes)
    impressions = (pair[0].impressions, pair[1].impressions)
    if test.method is Method.FIXED:
        return fixed.compare(successes, impressions, level)
    return sequential.compare(successes, impressions, level, _effective(test, planned, other.variant))


def _effective(test: Definition, planned: int | None, variant: str) -> float | None:
    """n1 n2 / (n1 + n2) of the control and a variant in the full test."""
    if planned is None:
        return None
    shares = {one.name: one.share for one in test.variants}
    mine, control = shares[variant], shares[test.baseline]
    return planned / sum(shares.values()) * mine * control / (mine + control)


def _verdict(
    test: Definition, compared: Sequence[Comparison], split: Split, *, may_decide: bool
) -> tuple[Finding, str | None, tuple[str, ...]]:
    """What may be said, who won, and who else beats the control."""
    if not split.passed:
        return Finding.BLOCKED, None, ()
    if not may_decide:
        return Finding.NO_WINNER_YET, None, ()
    better = [one for one in compared if one.significant and one.difference > 0]
    if better:
        order = sorted(better, key=lambda one: -one.difference)
        return Finding.WINNER, order[0].variant, tuple(one.variant for one in order[1:])
    if all(one.significant for one in compared):
        return Finding.WINNER, test.baseline, ()
    if test.method is Method.FIXED:
        return Finding.NO_DIFFERENCE, None, ()
    return Finding.NO_WINNER_YET, None, ()
