"""What was counted for each variant, taken from the lines of a table and nothing believed of them.

variant, impressions and the test's metric must be there; date may be: a line is then one day of one variant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import Field

from tasks.domain.ab.experiment import MOST, Definition, Metric
from tasks.domain.errors import RequestError
from tasks.domain.inbox import same_name
from tasks.domain.models import Frozen

KNOWN = ("variant", "date", "impressions", *Metric)
WITHIN = {"conversions", "clicks"}
"""Counts that cannot exceed impressions, whatever the metric; several engagements may follow one impression."""

LONGEST = 500
"""Characters of a wrong value that a message repeats."""

Row = tuple[str, Mapping[str, Any]]
"""Where a line stands, for messages, and its fields."""


class Count(Frozen):
    """All that was counted for one variant."""

    variant: str
    impressions: int = Field(gt=0)
    successes: int = Field(ge=0)


def counted(rows: Iterable[Row], test: Definition, *, uri: str) -> tuple[Count, ...]:
    """One count for each variant of the test, in its order, days added up.

    Raises `RequestError` naming the file, the line and the remedy for what cannot be a count of this test.
    """
    names = [variant.name for variant in test.variants]
    totals = {name: [0, 0] for name in names}
    seen: dict[tuple[str, str], str] = {}
    for where, fields in rows:
        place = f"{uri!r}, {where}"
        name = same_name(_text(fields, "variant", place))
        if name not in totals:
            raise RequestError(f"{place}: the test {test.id!r} has no variant {repr(name)[:LONGEST]}; it has {names}")
        day = "" if _is_empty(fields.get("date")) else str(fields["date"]).strip()
        if earlier := seen.get((name, day)):
            raise RequestError(
                f"{place}: variant {name!r}{f' on {day}' if day else ''} is there already ({earlier}): "
                "keep one, or give each line its date"
            )
        seen[name, day] = where
        impressions, successes = _numbers(fields, test.metric, place)
        totals[name][0] += impressions
        totals[name][1] += successes
    if len({day == "" for _, day in seen}) > 1:
        raise RequestError(f"{uri!r}: some lines have a date and some have none: give all or none")
    return tuple(_total(name, *totals[name], uri=uri, there={name for name, _ in seen}) for name in names)


def _total(name: str, impressions: int, successes: int, *, uri: str, there: set[str]) -> Count:
    if name not in there:
        raise RequestError(f"{uri!r}: there is no line for variant {name!r}: add one")
    if not impressions:
        raise RequestError(f"{uri!r}: variant {name!r} has no impressions: it was never shown, so nothing can be said")
    if impressions > MOST:
        raise RequestError(f"{uri!r}: variant {name!r} has {impressions} impressions: the limit is {MOST}")
    return Count(variant=name, impressions=impressions, successes=successes)


def _numbers(fields: Mapping[str, Any], metric: Metric, place: str) -> tuple[int, int]:
    """Impressions and successes of a line, with every other count in it looked at as well."""
    for needed in ("impressions", metric.value):
        if needed not in fields:
            raise RequestError(f"{place}: there is no {needed!r}; there is {', '.join(map(repr, fields))}")
    numbers = {
        name: _count(fields[name], name, place)
        for name in ("impressions", *Metric)
        if name in fields and (name in {"impressions", metric} or not _is_empty(fields[name]))
    }
    for name in sorted(WITHIN | {metric.value}):
        if numbers.get(name, 0) > numbers["impressions"]:
            raise RequestError(
                f"{place}: {numbers[name]} {name} of {numbers['impressions']} impressions: "
                "a rate cannot exceed 1; count each impression once"
            )
    return numbers["impressions"], numbers[metric]


def _text(fields: Mapping[str, Any], name: str, place: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        known = ", ".join(map(repr, fields))
        raise RequestError(f"{place}: {name!r} is {repr(value)[:LONGEST]}, no name; the line has {known}")
    return value.strip()


def _is_empty(value: object) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())  # noqa: PLR0124  NaN


def _count(value: object, name: str, place: str) -> int:
    """`value` as a whole number from 0 to `MOST`; "12" and 12.0 are, "1,200", True, -1, 0.5 and nan are not."""
    told = f"{place}: {name} is {repr(value)[:LONGEST]}"
    if _is_empty(value):
        raise RequestError(f"{told}: it is missing; give 0 where nothing was counted")
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        raise RequestError(f"{told}: give a whole number in plain digits")
    try:
        number = float(cast("str", value))  # whatever cannot be one is refused
    except (TypeError, ValueError, OverflowError):
        raise RequestError(f"{told}: give a whole number in plain digits") from None
    if not number <= MOST:
        raise RequestError(f"{told}: the limit is {MOST}")
    if number < 0:
        raise RequestError(f"{told}: a count cannot be negative")
    if number != int(number):
        raise RequestError(f"{told}: give a whole number, a count and not a rate")
    return int(number)
