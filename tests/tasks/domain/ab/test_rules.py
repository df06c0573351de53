from __future__ import annotations

import pytest

from tasks.domain.ab.analysis import Action, Finding
from tasks.domain.ab.rules import recommend
from tests.experiments import AIM, analysed

MANY = 40_000


@pytest.mark.parametrize(
    ("counts", "terms", "finding", "action"),
    [
        ([(MANY, 4800), (MANY, 5760)], {"aim": AIM}, Finding.WINNER, Action.ROLL_OUT),
        ([(MANY, 2000), (MANY, 2600)], {"aim": AIM}, Finding.WINNER, Action.ADOPT),
        ([(4000, 240), (4000, 420)], {"aim": AIM}, Finding.WINNER, Action.ADOPT),  # 10.5 %, but perhaps 9.6 %
        ([(MANY, 5760), (MANY, 4800)], {"aim": AIM}, Finding.WINNER, Action.KEEP),
        ([(1000, 120), (1000, 144)], {"aim": AIM}, Finding.NO_WINNER_YET, Action.GO_ON),
        ([(1000, 120), (1000, 144)], {}, Finding.NO_WINNER_YET, Action.GO_ON),
        ([(MANY, 4800), (MANY, 4810)], {"aim": AIM}, Finding.NO_WINNER_YET, Action.STOP),
        ([(1000, 60), (1000, 240)], {"aim": AIM, "method": "fixed"}, Finding.NO_WINNER_YET, Action.GO_ON),
        ([(4000, 480), (4000, 500)], {"aim": AIM, "method": "fixed"}, Finding.NO_DIFFERENCE, Action.STOP),
        ([(4000, 480), (4000, 600)], {"aim": AIM, "method": "fixed"}, Finding.WINNER, Action.ROLL_OUT),
        ([(MANY, 4800), (30_000, 5760)], {"aim": AIM}, Finding.BLOCKED, Action.REPAIR),
    ],
)
def test_the_first_rule_that_applies_is_the_advice(counts, terms, finding, action):
    found = analysed(counts, **terms)
    assert (found.finding, recommend(found).action) == (finding, action)


def test_the_bar_is_the_guides_ten_percent_unless_the_test_sets_another():
    assert analysed([(MANY, 2000), (MANY, 2600)]).roll_out_above == 0.10
    assert recommend(analysed([(MANY, 2000), (MANY, 2600)], roll_out_above=0.05)).action is Action.ROLL_OUT


def test_a_winner_that_is_not_shown_to_beat_another_better_one_says_so():
    advice = recommend(analysed([(MANY, 4000), (MANY, 5700), (MANY, 5710)], aim=AIM))
    assert "'C' is better than 'A'" in advice.reason
    assert "Also better than 'A': 'B'; that the winner beats them too is not shown" in advice.reason
