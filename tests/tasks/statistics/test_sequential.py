from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.statistics.sequential import UNPLANNED, compare, width_when_full
from tests.benchmarks.ab import LIFT, RATE, ours, traffic

counts = st.tuples(st.integers(1, 10**6), st.floats(0, 1)).map(lambda pair: (pair[0], round(pair[0] * pair[1])))
alphas = st.sampled_from([0.001, 0.01, 0.05, 0.2])
plans = st.none() | st.integers(5, 10**6)


@given(counts, counts, alphas, plans)
def test_the_p_value_is_at_most_alpha_exactly_when_the_interval_excludes_zero(first, second, alpha, planned):
    found = compare((first[1], second[1]), (first[0], second[0]), alpha, planned)
    excluded = found.low > 0 or found.high < 0
    if not np.isclose(found.p_value, alpha, rtol=1e-6):
        assert excluded == (found.p_value <= alpha)
    assert found.low <= found.difference <= found.high
    assert 0 <= found.p_value <= 1


@given(counts, counts, alphas, plans)
def test_variants_exchanged_give_the_same_verdict_turned_round(first, second, alpha, planned):
    one = compare((first[1], second[1]), (first[0], second[0]), alpha, planned)
    other = compare((second[1], first[1]), (second[0], first[0]), alpha, planned)
    assert np.allclose([one.low, one.high, one.p_value], [-other.high, -other.low, other.p_value])


def test_without_a_plan_it_is_the_published_sequence():
    """Theorem 2.2 of Waudby-Smith et al. written as in the paper, for the mean of n effective observations."""
    x, n, alpha = (480, 600), (4000, 4100), 0.05
    found = compare(x, n, alpha)
    rates = [(a + 1) / (b + 2) for a, b in zip(x, n, strict=True)]
    size = n[0] * n[1] / (n[0] + n[1])
    sigma = np.sqrt(size * sum(rate * (1 - rate) / b for rate, b in zip(rates, n, strict=True)))
    rho = np.sqrt((-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / (UNPLANNED / 4))
    half = sigma * np.sqrt(2 * (size * rho**2 + 1) / (size**2 * rho**2) * np.log(np.sqrt(size * rho**2 + 1) / alpha))
    assert found.high - found.difference == pytest.approx(half, rel=1e-12)


def test_a_plan_makes_the_interval_narrower_where_the_test_is_full_and_a_pause_costs_only_there():
    full = compare((480, 480), (4000, 4000), 0.05, 2000)
    unplanned = compare((480, 480), (4000, 4000), 0.05)
    assert full.high < unplanned.high
    error = np.sqrt(2 * 481 / 4002 * (1 - 481 / 4002) / 4000)
    assert full.high == pytest.approx(width_when_full(0.05) * error)


def test_a_lucky_first_look_decides_nothing():
    """0 of 100 against 3 of 100, the first look at a rare event: unsmoothed, A would have no variance."""
    assert compare((0, 3), (100, 100), 0.05, 20_000).p_value > 0.05
    assert compare((0, 5), (5, 5), 0.05, 20_000).p_value > 0.05


@pytest.mark.parametrize("rates", [(0.002, 0.002), (0.12, 0.12), (0.5, 0.5), (0.97, 0.97)])
@pytest.mark.parametrize("share", [0.25, 1])
@pytest.mark.parametrize("looks", [1, 20, 50])
def test_false_winners_stay_within_the_level_at_any_rate_split_and_number_of_looks(rates, share, looks):
    random = np.random.default_rng(11)
    tests = 2000
    seen = traffic(random, tests, rates, 2000, looks=looks, share=share, overrun=1.5 if looks > 1 else 1)
    false = ours(seen).any(axis=1).mean()
    assert false <= 0.05  # the true share is below 0.04, so chance alone does not reach this


def test_a_true_winner_is_found_while_peeking():
    seen = traffic(np.random.default_rng(12), 2000, (RATE, RATE * (1 + LIFT)))
    assert ours(seen).any(axis=1).mean() >= 0.65
