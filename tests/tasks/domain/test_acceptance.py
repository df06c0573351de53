from __future__ import annotations

import math

import pytest

from tasks.domain.acceptance import AT_LEAST, MEASURES, MOST, headroom, limits, weigh
from tasks.domain.models import CheckName, FailureClass


def test_every_measure_has_a_limit_and_every_limit_a_measure():
    assert set(limits()) == set(MEASURES)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_value_at_its_limit_just_passes_and_one_beyond_it_does_not(measure):
    limit = limits()[measure]
    wrong = limit - 0.01 if MEASURES[measure].sense is AT_LEAST else limit * 1.01 + 1e-6
    assert headroom(measure, limit) >= 1 - 1e-9
    assert headroom(measure, wrong) < 1
    assert headroom(measure, math.nan) == 0


def test_the_first_miss_names_what_is_wrong_and_the_least_headroom_is_the_score():
    check = weigh(CheckName.PRESERVED, {"likeness kept": 0.4, "cast": 300.0, "detail kept": 1.0}, "seen", {})
    assert check.failure is FailureClass.CONTENT_REPLACED
    assert check.score == headroom("cast", 300.0)
    assert check.measures["detail kept"] == 1.0


def test_a_check_that_found_nothing_to_measure_has_no_objection():
    assert weigh(CheckName.GROUND, {}, "nothing", {}).score == MOST
