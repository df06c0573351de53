from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from tasks.statistics.bayes import chances


def exact(first, second):
    """P(second better) in closed form: E. Miller, "Formulas for Bayesian A/B Testing", 2014, equation 6."""
    (n_a, x_a), (n_b, x_b) = first, second
    a, b, c, d = 1 + x_a, 1 + n_a - x_a, 1 + x_b, 1 + n_b - x_b
    i = np.arange(c)
    return float(np.exp(betaln(a + i, b + d) - np.log(d + i) - betaln(1 + i, d) - betaln(a, b)).sum())


counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@settings(max_examples=60, deadline=None)
@given(counts, counts)
def test_the_chance_of_two_is_the_closed_form(first, second):
    best, _ = chances([first[1], second[1]], [first[0], second[0]])
    assert best[1] == pytest.approx(exact(first, second), abs=2e-4)


@settings(max_examples=40, deadline=None)
@given(st.lists(counts, min_size=2, max_size=6))
def test_chances_add_up_and_no_loss_is_negative_and_losses_differ_as_the_means_do(seen):
    best, loss = chances([x for _, x in seen], [n for n, _ in seen])
    assert sum(best) == pytest.approx(1)
    assert min(loss) >= 0
    means = [(x + 1) / (n + 2) for n, x in seen]
    if min(loss) > 1e-6:
        assert loss[0] - loss[1] == pytest.approx(means[1] - means[0], abs=1e-6)


def test_the_loss_is_that_of_a_simulation():
    _, loss = chances([480, 500, 490], [4000] * 3)
    drawn = np.random.default_rng(0).beta([481, 501, 491], [3521, 3501, 3511], (1_000_000, 3))
    assert loss == pytest.approx(list(drawn.max(axis=1).mean() - drawn.mean(axis=0)), abs=3e-5)


def test_huge_counts_and_none_at_all_are_fine():
    best, loss = chances([0, 10**12], [10**12, 10**12])
    assert (best[1], loss[1]) == (1, 0)
    assert chances([0, 0], [1, 1])[0] == pytest.approx([0.5, 0.5])
