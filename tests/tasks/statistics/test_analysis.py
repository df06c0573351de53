from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from statsmodels.stats.multitest import multipletests

from tasks.domain.ab.analysis import Finding
from tasks.statistics.sequential import compare
from tests.experiments import AIM, analysed, definition


def test_one_comparison_is_that_of_the_sequence():
    found = analysed([(4000, 480), (4000, 600)], impressions=8000)
    expected = compare((480, 600), (4000, 4000), 0.05, 2000)
    (one,) = found.comparisons
    assert (one.difference, one.low, one.high) == pytest.approx((0.03, expected.low, expected.high))
    assert one.p_value == one.p_adjusted == pytest.approx(float(expected.p_value))
    assert one.lift == pytest.approx(0.25)
    assert (found.finding, found.winner) == (Finding.WINNER, "B")


def test_several_comparisons_are_corrected_by_holm():
    found = analysed([(4000, 480), (4000, 590), (4000, 560), (4000, 481)], aim=AIM, method="fixed", confidence=0.8)
    raw = [one.p_value for one in found.comparisons]
    reject, adjusted = multipletests(raw, alpha=0.2, method="holm")[:2]
    assert [one.p_adjusted for one in found.comparisons] == pytest.approx(list(adjusted))
    assert [one.significant for one in found.comparisons] == list(reject)


def test_the_rate_has_wilsons_interval():
    """81 of 263 from Newcombe, Statistics in Medicine 17, 1998, table I: 0.2553 to 0.3662."""
    arm = analysed([(263, 81), (263, 81)]).arm("A")
    assert (round(arm.low, 4), round(arm.high, 4)) == (0.2553, 0.3662)


def test_an_uneven_split_blocks_the_verdict_however_clear_it_is():
    found = analysed([(5200, 300), (4800, 900)])
    assert found.split.p_value == pytest.approx(chisquare([5200, 4800]).pvalue)
    assert (found.finding, found.winner) == (Finding.BLOCKED, None)
    assert not any(one.significant for one in found.comparisons)


def test_a_split_that_was_meant_to_be_uneven_is_none():
    variants = [{"name": "A", "share": 9}, {"name": "B", "prompt": "x"}]
    found = analysed([(9000, 1000), (1000, 200)], definition(variants=variants))
    assert found.split.expected == pytest.approx((9000, 1000))
    assert found.finding is Finding.WINNER


def test_a_fixed_test_says_nothing_before_it_is_full():
    early = analysed([(3000, 360), (3000, 600)], aim=AIM, method="fixed")
    assert early.planned
    assert early.impressions < early.planned
    assert (early.finding, early.comparisons[0].significant) == (Finding.NO_WINNER_YET, False)
    full = analysed([(3200, 384), (3200, 640)], aim=AIM, method="fixed")
    assert (full.finding, full.winner) == (Finding.WINNER, "B")


def test_the_control_wins_only_when_all_others_are_worse():
    assert analysed([(9000, 1200), (9000, 700), (9000, 710)]).winner == "A"
    assert analysed([(9000, 1200), (9000, 700), (9000, 1190)]).finding is Finding.NO_WINNER_YET


def test_the_best_of_several_that_beat_the_control_wins_and_the_others_are_named():
    found = analysed([(9000, 700), (9000, 1200), (9000, 1210), (9000, 705)])
    assert (found.winner, found.also_better) == ("C", ("B",))


@pytest.mark.parametrize("counts", [[(50, 0), (50, 0)], [(50, 50), (50, 50)], [(1, 0), (1, 1)], [(10**12, 10**11)] * 2])
def test_the_ends_of_the_scale_are_no_winner_and_no_fault(counts):
    for method in ("fixed", "sequential"):
        found = analysed(counts, impressions=10, method=method)
        assert found.winner is None
        assert all(0 <= arm.low <= arm.rate <= arm.high <= 1 for arm in found.arms)


arms = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@settings(max_examples=25, deadline=None)  # statsmodels collects garbage at every correction, 0.2 s
@given(st.lists(arms, min_size=2, max_size=5), st.sampled_from(["fixed", "sequential"]))
def test_every_count_gives_figures_within_their_ranges(counts, method):
    found = analysed(counts, impressions=1000, method=method)
    for arm in found.arms:
        assert 0 <= arm.low <= arm.rate + 1e-12
        assert arm.rate - 1e-12 <= arm.high <= 1
    for one in found.comparisons:
        assert -1 <= one.low <= one.high <= 1
        assert one.p_value <= one.p_adjusted + 1e-12
    if found.winner and found.winner != found.control:
        assert found.arm(found.winner).rate > found.arm(found.control).rate
