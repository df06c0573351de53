from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import power_proportions_2indep

from tasks.domain.ab.experiment import Aim
from tasks.domain.errors import RequestError
from tasks.statistics.planning import planned_impressions, size, smallest_lift
from tests.benchmarks.ab import ours, traffic
from tests.experiments import AIM, definition

EVEN = (1.0, 1.0)


def test_the_size_is_that_of_a_published_table():
    """R's power.prop.test(p1 = 0.2, p2 = 0.25, power = 0.8): n = 1093.739 in each group."""
    assert size(Aim(base_rate=0.2, lift=0.25), EVEN, 0.95).fixed == pytest.approx(2 * 1093.739, rel=0.002)


def test_the_planned_size_has_the_power_it_was_planned_for():
    found = size(Aim(base_rate=0.12, lift=0.2, power=0.9), EVEN, 0.95)
    assert power_proportions_2indep(0.024, 0.12, found.fixed / 2).power == pytest.approx(0.9, abs=0.001)


@pytest.mark.parametrize("share", [1, 0.2])
def test_a_sequential_test_of_its_planned_size_finds_the_lift_with_that_power(share):
    found = size(Aim(base_rate=0.12, lift=0.2), (1.0, share), 0.95)
    seen = traffic(np.random.default_rng(5), 2000, (0.12, 0.144), round(found.sequential / (1 + share)), share=share)
    assert 0.78 <= ours(seen).any(axis=1).mean() <= 0.86


def test_more_comparisons_and_uneven_traffic_cost_impressions():
    aim = Aim(base_rate=0.12, lift=0.2)
    once = size(aim, EVEN, 0.95)
    assert size(aim, (1.0,) * 5, 0.95).fixed > 2.5 * once.fixed
    assert size(aim, (9.0, 1.0), 0.95).fixed > 2 * once.fixed
    assert once.sequential > once.fixed


def test_the_smallest_lift_of_a_size_is_the_lift_that_needs_it():
    at_end, at_any = smallest_lift(8000, 0.12, 2, 0.8, 0.95)
    assert size(Aim(base_rate=0.12, lift=at_end), EVEN, 0.95).fixed == pytest.approx(8000, rel=0.001)
    assert size(Aim(base_rate=0.12, lift=at_any), EVEN, 0.95).sequential == pytest.approx(8000, rel=0.001)


def test_what_no_test_can_find_is_refused():
    with pytest.raises(RequestError, match="look for a larger one"):
        size(Aim(base_rate=1e-9, lift=1e-6), EVEN, 0.95)
    with pytest.raises(RequestError, match="find no lift at all"):
        smallest_lift(10, 0.5, 20, 0.8, 0.95)


def test_the_plan_of_a_test_follows_from_its_aim_its_method_or_what_it_says_itself():
    found = size(Aim.model_validate(AIM), EVEN, 0.95)
    assert planned_impressions(definition(aim=AIM)) == found.sequential
    assert planned_impressions(definition(aim=AIM, method="fixed")) == found.fixed
    assert planned_impressions(definition(impressions=5000)) == 5000
    assert planned_impressions(definition()) is None


def test_the_control_is_the_control_wherever_it_stands():
    shares = [{"name": "A", "share": 9}, {"name": "B", "prompt": "x"}, {"name": "C", "prompt": "x"}]
    first = definition(variants=shares, aim=AIM, control="A")
    last = definition(variants=shares[::-1], aim=AIM, control="A")
    assert planned_impressions(first) == planned_impressions(last)
