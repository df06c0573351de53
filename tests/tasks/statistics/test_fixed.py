from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportions_ztest

from tasks.statistics.fixed import compare, z_test

counts = st.integers(2, 10**6).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1)))


@given(counts, counts)
def test_the_test_is_that_of_statsmodels(first, second):
    expected = proportions_ztest([first[1], second[1]], [first[0], second[0]])[1]
    assert z_test((first[1], second[1]), (first[0], second[0])) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("successes", [(0, 0), (50, 50)])
def test_where_nothing_varies_nothing_differs(successes):
    assert z_test(successes, (50, 50)) == 1


def test_the_interval_is_newcombes():
    """56 of 70 less 48 of 80 from Newcombe 1998, table II (a), method 10: 0.0524 to 0.3339."""
    found = compare((48, 56), (80, 70), 0.05)
    assert (round(float(found.low), 4), round(float(found.high), 4)) == (0.0524, 0.3339)
    assert found.difference == pytest.approx(0.2)


def test_looked_at_once_it_is_wrong_in_one_of_twenty():
    random = np.random.default_rng(3)
    x = random.binomial(4000, 0.12, (2, 20_000))
    assert np.mean(z_test((x[0], x[1]), (4000, 4000)) < 0.05) == pytest.approx(0.05, abs=0.005)
