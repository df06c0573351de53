"""A comparison of two rates that may be looked at as often as one likes: a confidence sequence and its p-value.

Two sequences share the error, and what either excludes is excluded (a union bound, so the whole keeps its level):

- an asymptotic confidence sequence with a normal mixture, valid at every time without end: Waudby-Smith, Arbour,
  Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics
  52(6), 2024, theorem 2.2, tuned by their rho to be narrowest when the test is full;
- a bound that is constant in the summed-up difference until the test is full, from the reflection principle for
  Brownian motion, P(sup |B(s)|, s <= 1, exceeds c) <= 4 P(Z > c). It is the continuous form of O'Brien and Fleming,
  "A multiple testing procedure for clinical trials", Biometrics 35, 1979, and is where the power comes from.

Every function takes numbers or arrays of them alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Values = NDArray[np.float64]

BOUNDED = 0.8
"""Share of the error given to the second sequence. Of 0.6 to 0.9, all within the level, the power hardly differs."""
OVERRUN = 1.1
"""The second sequence goes on for a tenth beyond the planned size: the last look seldom falls on it exactly."""
UNPLANNED = 10_000
"""Impressions of two variants together that the first sequence is tuned to when no size was planned."""


class Compared(NamedTuple):
    """Difference of two rates, its interval at the level asked for, and the p-value of no difference."""

    difference: Values
    low: Values
    high: Values
    p_value: Values


def compare(
    successes: tuple[ArrayLike, ArrayLike],
    impressions: tuple[ArrayLike, ArrayLike],
    alpha: float,
    planned: ArrayLike | None = None,
) -> Compared:
    """The second of two variants less the first, as far as it can be told at this look and at all others together.

    `planned` is the effective size n1 n2 / (n1 + n2) of the full test. Whoever stops when the p-value is at or below
    `alpha`, or when the interval excludes 0, which is the same, is wrong with probability `alpha` at most.
    """
    (x0, x1), (n0, n1) = ((np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in (successes, impressions))
    difference = x1 / n1 - x0 / n0
    error = np.sqrt(_variance(x0, n0) + _variance(x1, n1))
    size = n0 * n1 / (n0 + n1)
    k = _tuned(alpha) * size / (UNPLANNED / 4 if planned is None else np.asarray(planned, np.float64))
    share = 0.0 if planned is None else BOUNDED
    z = np.abs(difference) / error
    p_value = np.minimum(1, _mixture_p(z, k) / (1 - share))
    width = _mixture_width((1 - share) * alpha, k)
    if planned is not None:
        full = size / (OVERRUN * np.asarray(planned, np.float64))
        p_value = np.minimum(p_value, np.where(full <= 1, np.minimum(1, _bound_p(z, full) / share), 1))
        width = np.minimum(width, np.where(full <= 1, _bound_width(share * alpha, full), np.inf))
    return Compared(difference, difference - width * error, difference + width * error, p_value)


def width_when_full(alpha: float) -> float:
    """Half the interval in standard errors when the test has just its planned size."""
    return float(min(_mixture_width((1 - BOUNDED) * alpha, _tuned(alpha)), _bound_width(BOUNDED * alpha, 1 / OVERRUN)))


def _variance(successes: Values, impressions: Values) -> Values:
    """Of one rate, with a success and a failure added: Agresti and Caffo, The American Statistician 54(4), 2000.

    Without them no success means no variance, and a first lucky look would decide the test.
    """
    rate = (successes + 1) / (impressions + 2)
    return rate * (1 - rate) / impressions


def _tuned(alpha: float) -> float:
    """Rho squared times the size at which the first sequence is narrowest (Waudby-Smith et al., section 2.3)."""
    return float(-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1))


def _mixture_p(z: Any, k: Any) -> Values:  # noqa: ANN401  numbers or arrays
    return np.asarray(np.minimum(1, np.sqrt(k + 1) * np.exp(-z * z * k / (2 * (k + 1)))), np.float64)


def _mixture_width(alpha: float, k: Any) -> Any:  # noqa: ANN401  as above
    return np.sqrt((1 + 1 / k) * (2 * np.log(1 / alpha) + np.log(k + 1)))


def _bound_p(z: Any, full: Any) -> Values:  # noqa: ANN401  as above
    return np.asarray(4 * norm.sf(z * np.sqrt(np.minimum(full, 1))), np.float64)


def _bound_width(alpha: float, full: Any) -> Any:  # noqa: ANN401  as above
    return norm.isf(alpha / 4) / np.sqrt(full)
