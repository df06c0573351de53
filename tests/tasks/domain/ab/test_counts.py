from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.ab.counts import counted
from tasks.domain.ab.experiment import MOST
from tasks.domain.errors import RequestError
from tests.experiments import definition

TEST = definition("A", "여름")


def row(variant="A", impressions=100, conversions=10, **more):
    return {"variant": variant, "impressions": impressions, "conversions": conversions} | more


def count(*rows, test=TEST):
    return counted(((f"row {number}", fields) for number, fields in enumerate(rows, 1)), test, uri="m.csv")


def test_counts_come_in_the_order_of_the_test_whatever_the_spelling():
    found = count(row(unicodedata.normalize("NFD", "여름"), "200", "12.0"), row(" A ", 100.0, 10))
    assert [(one.variant, one.impressions, one.successes) for one in found] == [("A", 100, 10), ("여름", 200, 12)]


def test_days_are_added_up():
    days = [row(name, 100, 7, date=day) for name in ("A", "여름") for day in ("2026-11-01", "2026-11-02")]
    assert [(one.impressions, one.successes) for one in count(*days)] == [(200, 14), (200, 14)]


def test_the_metric_of_the_test_is_what_counts():
    test = definition("A", "여름", metric="engagements")
    found = count(row(engagements=30), row("여름", engagements=40), test=test)
    assert [one.successes for one in found] == [30, 40]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "cannot be negative"),
        (float("-inf"), "cannot be negative"),
        (float("inf"), "the limit is"),
        (MOST + 1, "the limit is"),
        (10**400, "plain digits"),
        ("1e999", "the limit is"),
        (float("nan"), "is missing; give 0"),
        (None, "is missing; give 0"),
        ("", "is missing; give 0"),
        (0.12, "a count and not a rate"),
        ("1,200", "plain digits"),
        ("1_200", "plain digits"),
        ("many", "plain digits"),
        (True, "plain digits"),
        ([100], "plain digits"),
        ({"a": 1}, "plain digits"),
    ],
)
@pytest.mark.parametrize("column", ["impressions", "conversions", "clicks"])
def test_what_is_no_count_is_refused_with_line_column_and_value(column, value, message):
    if column == "clicks" and message.startswith("is missing"):
        assert count(row(clicks=value), row("여름"))
        return
    with pytest.raises(RequestError, match=message) as refused:
        count(row(**{column: value}), row("여름"))
    assert f"row 1: {column} is {value!r}" in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(conversions=101), row("여름")], "101 conversions of 100 impressions"),
        ([row(clicks=101), row("여름")], "101 clicks of 100 impressions"),
        ([row(), row("겨울")], "has no variant '겨울'"),
        ([row()], "no line for variant '여름'"),
        ([row(), row("여름"), row()], r"row 3: variant 'A' is there already \(row 1\)"),
        ([row(date="d1"), row("여름", date="d1"), row(date="d1")], "variant 'A' on d1 is there already"),
        ([row(date="d1"), row("여름"), row()], "some lines have a date"),
        ([row(impressions=0, conversions=0), row("여름")], "has no impressions"),
        (
            [{"variant": "A", "impressions": 5}, row("여름")],
            "there is no 'conversions'; there is 'variant', 'impressions'",
        ),
        ([{"impressions": 5}], "'variant' is None, no name"),
        ([row(7)], "'variant' is 7, no name"),
        ([row("")], "'variant' is '', no name"),
        ([row(impressions=MOST, conversions=1, date=day) for day in "ab"] + [row("여름", date="a")], "the limit is"),
    ],
)
def test_a_table_that_cannot_be_of_this_test_is_refused(rows, message):
    with pytest.raises(RequestError, match=message):
        count(*rows)


def test_several_engagements_may_follow_one_impression_where_they_are_not_the_metric():
    assert count(row(engagements=300), row("여름"))
    with pytest.raises(RequestError, match="300 engagements of 100 impressions"):
        count(row(engagements=300), row("여름", engagements=1), test=definition("A", "여름", metric="engagements"))


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@given(impressions=anything, conversions=anything)
def test_whatever_stands_in_a_table_gives_a_rate_or_a_named_refusal(impressions, conversions):
    try:
        first, _ = count(row(impressions=impressions, conversions=conversions), row("여름"))
    except RequestError:
        pass
    else:
        assert 0 <= first.successes <= first.impressions <= MOST
        assert math.isfinite(first.successes / first.impressions)
