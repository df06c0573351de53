"""What a surface is: a way in, what comes through it, and which errors are an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tasks.domain.errors import EditFlowError

Case = bytes
Cases = Callable[[int, int], Iterator[Case]]
"""Seed and number -> so many cases, the same for the same seed."""
Call = Callable[[Case, Path], object]
"""Gives a case to the product, which may write below the folder and nowhere else."""
SHORTEST, LONGEST = 15, 12_000
"""Characters of a message that can name a value and a remedy, and of one that is still read."""


class Surface(NamedTuple):
    """One way in."""

    cases: Cases
    call: Call
    refusals: tuple[type[Exception], ...] = (EditFlowError,)
    """Errors that are an answer; any other is a finding."""


def drawn(strategy: SearchStrategy[bytes]) -> Cases:
    """Cases that Hypothesis draws."""

    def cases(start: int, count: int) -> Iterator[Case]:
        found: list[bytes] = []

        @seed(start)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def collect(case: bytes) -> None:
            found.append(case)

        collect()
        for number in range(count):  # a small strategy has fewer examples than are asked for
            yield found[number % len(found)]

    return cases


def unclear(refusal: Exception) -> str:
    """What is wrong with the words of a refusal; empty when nothing is."""
    text = str(refusal)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "its message cannot be printed"
    if not SHORTEST <= len(text) <= LONGEST:
        return f"its message has {len(text)} characters"
    return ""
