"""A comparison of two rates that is made once, at a size fixed beforehand: safe for one look and for no second one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from tasks.statistics.extra import extra
from tasks.statistics.sequential import Compared, Values


def z_test(successes: tuple[ArrayLike, ArrayLike], impressions: tuple[ArrayLike, ArrayLike]) -> Values:
    """Two-sided p-value of no difference: the pooled z-test, as statsmodels' `proportions_ztest`, on whole arrays."""
    (x0, x1), (n0, n1) = ((np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in (successes, impressions))
    rate = (x0 + x1) / (n0 + n1)
    error = np.sqrt(rate * (1 - rate) * (1 / n0 + 1 / n1))
    z = np.divide(x1 / n1 - x0 / n0, error, out=np.zeros_like(error), where=error > 0)
    return np.asarray(2 * norm.sf(np.abs(z)), np.float64)


def compare(successes: tuple[int, int], impressions: tuple[int, int], alpha: float) -> Compared:
    """The second of two variants less the first: z-test, and Newcombe's interval (Statistics in Medicine 17, 1998)."""
    low, high = extra("statsmodels.stats.proportion").confint_proportions_2indep(
        successes[1], impressions[1], successes[0], impressions[0], method="newcomb", compare="diff", alpha=alpha
    )
    difference = np.asarray(successes[1] / impressions[1] - successes[0] / impressions[0])
    return Compared(difference, np.asarray(low), np.asarray(high), z_test(successes, impressions))
