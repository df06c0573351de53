"""How large a test has to be, or how small a lift one of a given size can find."""

from __future__ import annotations

from math import ceil

from pydantic import Field
from scipy.optimize import brentq
from scipy.stats import norm

from tasks.domain.ab.experiment import MOST, Aim, Definition, Method
from tasks.domain.errors import RequestError
from tasks.domain.models import Frozen
from tasks.statistics.extra import extra
from tasks.statistics.sequential import width_when_full


class Size(Frozen):
    """The size of a test, for each method of deciding."""

    aim: Aim
    variants: int
    confidence: float
    fixed: int = Field(description="Impressions of all variants together when it is looked at once, at the end.")
    sequential: int = Field(
        description="The same when every look may decide: the most it takes; mostly it ends earlier."
    )


def size(aim: Aim, shares: tuple[float, ...], confidence: float) -> Size:
    """Impressions that find the lift of `aim` with its power; the first of `shares` is the control's.

    Fixed: statsmodels' `samplesize_proportions_2indep_onetail` at half the error for each side; several comparisons
    share the error evenly, which is what Holm's correction asks at worst. Sequential: the same effect must exceed the
    wider interval. Raises `RequestError` when that is more than can be counted.
    """
    fixed, sequential = _sizes(aim, shares, confidence)
    if sequential > MOST:
        raise RequestError(f"a lift of {aim.lift:.2%} needs {sequential:.2g} impressions: look for a larger one")
    return Size(aim=aim, variants=len(shares), confidence=confidence, fixed=ceil(fixed), sequential=ceil(sequential))


def planned_impressions(test: Definition) -> int | None:
    """Impressions of all variants together at which the test is full; None when nobody planned any."""
    if test.aim is None:
        return test.impressions
    shares = sorted(test.variants, key=lambda variant: variant.name != test.baseline)
    found = size(test.aim, tuple(variant.share for variant in shares), test.confidence)
    return found.fixed if test.method is Method.FIXED else found.sequential


def smallest_lift(
    impressions: int, base_rate: float, variants: int, power: float, confidence: float
) -> tuple[float, float]:
    """The smallest relative lifts a test of that size finds with that power, looked at once and at any time.

    Raises `RequestError` when it is too small to find any.
    """

    def found(which: int) -> float:
        def missing(lift: float) -> float:
            aim = Aim(base_rate=base_rate, lift=lift, power=power)
            return _sizes(aim, (1.0,) * variants, confidence)[which] - impressions

        most = (1 - base_rate) / base_rate * 0.999
        if missing(most) > 0:
            raise RequestError(f"{impressions} impressions find no lift at all at a rate of {base_rate:.2%}: plan more")
        return float(brentq(missing, 1e-6, most, xtol=1e-6))

    return found(0), found(1)


def _sizes(aim: Aim, shares: tuple[float, ...], confidence: float) -> tuple[float, float]:
    alpha = (1 - confidence) / (len(shares) - 1)
    once = max(_pair(aim, shares[0], share, alpha) / (shares[0] + share) for share in shares[1:]) * sum(shares)
    longer = (width_when_full(alpha) + norm.isf(1 - aim.power)) / (norm.isf(alpha / 2) + norm.isf(1 - aim.power))
    return once, once * longer**2


def _pair(aim: Aim, control: float, share: float, alpha: float) -> float:
    """Impressions of two variants together."""
    raised = aim.base_rate * aim.lift
    of_one = extra("statsmodels.stats.proportion").samplesize_proportions_2indep_onetail(
        raised, aim.base_rate, aim.power, ratio=control / share, alpha=alpha, alternative="two-sided"
    )
    return float(of_one) * (1 + control / share)
