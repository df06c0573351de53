"""How often each rule names a false winner, and finds a true one, when a test is looked at 20 times.

    python -m tests.benchmarks.ab            2,000 tests of each kind, a few seconds
    python -m tests.benchmarks.ab 20000      more of them

A/A tests have no winner; A/B tests have one, 20 % better. Rates are 12 % and 4,000 impressions per variant unless said
otherwise; a look comes after each twentieth. A rule that may be looked at counts when it decides at any look.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest, chi2, norm

from tasks.statistics import fixed, sequential
from tasks.statistics.analysis import UNEVEN

ALPHA, LOOKS, PLANNED, RATE, LIFT = 0.05, 20, 4000, 0.12, 0.20

Counts = NDArray[np.float64]


class Traffic(NamedTuple):
    """Cumulated counts of two variants: tests x looks, and the effective size that was planned."""

    successes: tuple[Counts, Counts]
    impressions: tuple[Counts, Counts]
    planned: float


def traffic(
    random: np.random.Generator,
    tests: int,
    rates: tuple[float, float],
    per_variant: int = PLANNED,
    *,
    looks: int = LOOKS,
    share: float = 1,
    overrun: float = 1,
) -> Traffic:
    """Tests with these true rates; `share` is the second variant's traffic relative to the first's."""
    sizes = (max(1, round(per_variant / looks)), max(1, round(per_variant * share / looks)))
    kept = round(looks * overrun)
    impressions = [size * np.arange(1.0, kept + 1) for size in sizes]
    successes = [
        random.binomial(size, rate, (tests, kept)).cumsum(axis=1).astype(np.float64)
        for size, rate in zip(sizes, rates, strict=True)
    ]
    full = [size * looks for size in sizes]
    return Traffic(
        (successes[0], successes[1]), (impressions[0], impressions[1]), full[0] * full[1] / (full[0] + full[1])
    )


def ours(seen: Traffic) -> NDArray[np.bool_]:
    """The verdict of a sequential test at each look."""
    return np.asarray(sequential.compare(seen.successes, seen.impressions, ALPHA, seen.planned).p_value <= ALPHA)


def z_test(seen: Traffic) -> NDArray[np.bool_]:
    """p < 0.05 at each look."""
    return np.asarray(fixed.z_test(seen.successes, seen.impressions) < ALPHA)


def chance_to_win(seen: Traffic) -> NDArray[np.bool_]:
    """Whether the chance of being best, flat prior, is above 95 % for one of the two (posteriors as normal)."""
    means, variances = [], []
    for x, n in zip(seen.successes, seen.impressions, strict=True):
        mean = (x + 1) / (n + 2)
        means.append(mean)
        variances.append(mean * (1 - mean) / (n + 3))
    return np.asarray(norm.cdf(np.abs(means[1] - means[0]) / np.sqrt(variances[0] + variances[1])) > 1 - ALPHA)


def guide(seen: Traffic) -> NDArray[np.bool_]:
    """The guide names the variant with the highest rate, always."""
    return np.ones_like(seen.successes[0], dtype=bool)


def told(share: float, tests: int) -> str:
    """A share with its 95 % interval."""
    interval = binomtest(round(share * tests), tests).proportion_ci(method="wilson")
    return f"{share:6.1%} ({interval.low:.1%} to {interval.high:.1%})"


RULES: tuple[tuple[str, Callable[[Traffic], NDArray[np.bool_]], bool, str], ...] = (
    ("the guide: the highest rate wins", guide, True, ""),
    ("chance of being best > 95 %, at every look", chance_to_win, True, ""),
    ("z-test, at every look", z_test, True, ""),
    ("this project, sequential: at every look", ours, True, "at most 5 %; at least 65 %"),
    ("this project, fixed: once, at the planned size", z_test, False, "5 %; at least 88 %"),
)


def compare_rules(random: np.random.Generator, tests: int) -> pd.DataFrame:
    """Every rule on the same A/A and A/B tests."""
    same = traffic(random, tests, (RATE, RATE))
    better = traffic(random, tests, (RATE, RATE * (1 + LIFT)))
    lines: list[dict[str, Any]] = []
    for name, rule, peeks, goal in RULES:
        false, true = ((hits if peeks else hits[:, -1:]) for hits in (rule(same), rule(better)))
        found = true.any(axis=1)
        ended = np.where(found, true.argmax(axis=1) + 1, true.shape[1]) / true.shape[1]
        lines.append(
            {
                "rule": name,
                "A/A: false winner": told(float(false.any(axis=1).mean()), tests),
                "A/B +20 %: found": told(float(found.mean()), tests),
                "impressions spent": f"{float(ended.mean()):.0%}",
                "goal": goal,
            }
        )
    return pd.DataFrame(lines)


def stress(random: np.random.Generator, tests: int) -> pd.DataFrame:
    """False winners of the sequential rule where its approximations are weakest."""
    cases: dict[str, Traffic] = {
        "rate 0.1 %": traffic(random, tests, (0.001, 0.001)),
        "rate 0.5 %": traffic(random, tests, (0.005, 0.005)),
        "rate 90 %": traffic(random, tests, (0.9, 0.9)),
        "100 impressions per variant": traffic(random, tests, (RATE, RATE), 100),
        "a fifth of the traffic, rate 5 %": traffic(random, tests, (0.05, 0.05), 400, share=0.2),
        "100 looks": traffic(random, tests, (RATE, RATE), looks=100),
        "on to three times the planned size": traffic(random, tests, (RATE, RATE), overrun=3),
    }
    lines = [{"A/A": name, "false winner": told(ours(seen).any(axis=1).mean(), tests)} for name, seen in cases.items()]
    return pd.DataFrame([*lines, _four_challengers(random, tests)])


def _four_challengers(random: np.random.Generator, tests: int) -> dict[str, str]:
    """Holm rejects anything exactly when the smallest p-value is at most alpha / 4."""
    arms = [random.binomial(PLANNED // LOOKS, RATE, (tests, LOOKS)).cumsum(axis=1).astype(float) for _ in range(5)]
    shown = PLANNED / LOOKS * np.arange(1.0, LOOKS + 1)
    smallest = np.min(
        [sequential.compare((arms[0], arm), (shown, shown), ALPHA / 4, PLANNED / 2).p_value for arm in arms[1:]], axis=0
    )
    hits = (smallest <= ALPHA / 4).any(axis=1)
    return {"A/A": "four variants against a control", "false winner": told(float(hits.mean()), tests)}


def splits(random: np.random.Generator, tests: int) -> pd.DataFrame:
    """How often the check of the traffic blocks the verdict."""

    def blocked(share: float, looks: int) -> float:
        first = random.binomial(10_000 // looks, share, (tests, looks)).cumsum(axis=1)
        total = 10_000 / looks * np.arange(1.0, looks + 1)
        return float((chi2.sf((2 * first - total) ** 2 / total, 1) < UNEVEN).any(axis=1).mean())

    cases = {"50 to 50, one look": (0.5, 1), "50 to 50, 20 looks": (0.5, LOOKS), "52 to 48, one look": (0.52, 1)}
    return pd.DataFrame(
        [{"10,000 impressions": name, "blocked": told(blocked(*case), tests)} for name, case in cases.items()]
    )


def covered(random: np.random.Generator, tests: int) -> float:
    """Share of A/B tests whose true difference lies within the interval at every one of the looks."""
    seen = traffic(random, tests, (RATE, RATE * (1 + LIFT)))
    found = sequential.compare(seen.successes, seen.impressions, ALPHA, seen.planned)
    truth = RATE * LIFT
    return float(((found.low <= truth) & (truth <= found.high)).all(axis=1).mean())


def main(tests: int = 2000) -> None:
    """Print the tables."""
    begun = time.monotonic()
    random = np.random.default_rng(20261126)
    for table in (compare_rules(random, tests), stress(random, tests), splits(random, tests)):
        print(table.to_string(index=False), end="\n\n")
    print(f"true difference within the interval at all {LOOKS} looks: {told(covered(random, tests), tests)}, goal 95 %")
    print(f"{tests:,} tests of each kind, {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
