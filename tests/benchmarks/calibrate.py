"""Fit the limits of the checks on labelled edits, and say how well they judge edits they were not fitted on.

    python -m tests.benchmarks.calibrate            measure the test split with the limits as they are
    python -m tests.benchmarks.calibrate --fit      fit on the dev split first and write tasks/domain/limits.json
    python -m tests.benchmarks.calibrate --misses F what was judged wrongly, as pictures in folder F

Prints the confusion by kind of edit and by failure case, balanced accuracy and the false-accept rate with its 95 %
Wilson interval, and beside it how the guide's validator judges the same edits. Takes about a second per text pair;
--seeds sets how many of each kind are drawn.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from tasks.domain import acceptance
from tasks.domain.acceptance import AT_LEAST, MEASURES, limits
from tasks.domain.models import CheckName, Verdict
from tasks.imaging.sheet import evidence_sheet
from tests.benchmarks.guide import guide_accepts
from tests.edits.judging import judged
from tests.edits.pair import Pair
from tests.edits.scenes import appearance_pairs, look_pairs
from tests.edits.texts import text_pairs

LIMITS = Path(acceptance.__file__).with_name("limits.json")
ROUNDS = 3
"""Passes over the measures: each limit depends on what the others already catch."""
REACH = 0.5
"""Share of itself by which a limit may move in one pass."""
BY_HAND = frozenset({"face of text"})
"""Limits the drawn edits cannot set: their faces are those the check knows, strange ones score down to 0.88."""
TEXT = "text check failed"


def pairs(split: str, seeds: int) -> Iterator[Pair]:
    """Every labelled pair of a split."""
    for seed in range(seeds):
        for language in ("en", "zh", "ko"):
            yield from text_pairs(seed, language, split)
    for seed in range(2 * seeds):
        yield from appearance_pairs(seed, split)
        yield from look_pairs(seed, split)


def measured(split: str, seeds: int, misses: Path | None = None) -> pd.DataFrame:
    """One row per pair: its labels, what every check measured, what failed, the guide's answer, seconds of both."""
    rows = []
    for number, pair in enumerate(pairs(split, seeds), start=1):
        begun = time.perf_counter()
        verdict = judged(pair)
        done = time.perf_counter()
        guide = guide_accepts(pair.source, pair.result, pair.edit_type)
        timing = {"seconds": done - begun, "guide seconds": time.perf_counter() - done}
        rows.append(_row(pair, verdict) | {"guide": guide} | timing)
        if misses is not None and verdict.passed != pair.good:
            misses.mkdir(parents=True, exist_ok=True)
            name = f"{'refused' if pair.good else 'accepted'}-{pair.asked}-{pair.case}-{number}.jpg".replace(" ", "-")
            evidence_sheet(pair.source, pair.result, verdict).save(misses / name)
        if number % 50 == 0:
            print(f"{split}: {number} pairs", file=sys.stderr)
    return pd.DataFrame(rows)


def _row(pair: Pair, verdict: Verdict) -> dict[str, Any]:
    values = {measure: value for check in verdict.checks for measure, value in check.measures.items()}
    text = any(check.name is CheckName.TEXT and not check.passed for check in verdict.checks)
    labels = {"type": str(pair.edit_type), "asked": pair.asked, "case": pair.case, "good": pair.good}
    return labels | {TEXT: text, "failures": ", ".join(verdict.failures), "passed": verdict.passed} | values


def accepted(rows: pd.DataFrame, bars: dict[str, float]) -> pd.Series[bool]:
    """Which rows pass with these limits."""
    passes = ~rows[TEXT].astype(bool)
    for measure, bar in bars.items():
        if measure in rows:
            values = rows[measure].astype(float)
            passes &= values.isna() | ((values >= bar) if MEASURES[measure].sense is AT_LEAST else (values <= bar))
    return passes


def fitted(rows: pd.DataFrame, start: dict[str, float]) -> dict[str, float]:
    """Limits by coordinate ascent: each in turn goes where balanced accuracy is best.

    A limit only moves when that gains something, and then no further than to the middle of the nearest gap between
    observed values that does: a few hundred edits must not bend a limit that has a meaning of its own.
    """
    bars = dict(start)
    for _ in range(ROUNDS):
        for measure in bars:
            if measure not in BY_HAND and measure in rows and rows[measure].notna().sum() > 20:
                bars[measure] = _best(rows, bars, measure)
    return bars


def _best(rows: pd.DataFrame, bars: dict[str, float], measure: str) -> float:
    others = {name: bar for name, bar in bars.items() if name != measure}
    open_rows = rows[accepted(rows, others) & rows[measure].notna()]  # the others decide the rest
    values = np.unique(open_rows[measure].astype(float))
    if len(values) < 2:
        return bars[measure]
    edges = np.concatenate(
        [[values[0] - abs(values[0]) * 0.2 - 1e-6], values, [values[-1] + abs(values[-1]) * 0.2 + 1e-6]]
    )
    at_least = MEASURES[measure].sense is AT_LEAST
    good, numbers = open_rows["good"].to_numpy(bool), open_rows[measure].to_numpy(float)
    weight = np.where(good, 1 / max(1, rows["good"].sum()), 1 / max(1, (~rows["good"]).sum()))

    def right(bar: float) -> float:
        passes = numbers >= bar if at_least else numbers <= bar
        return round(float(weight[passes == good].sum()), 6)

    now = bars[measure]
    middles = [(low + high) / 2 for low, high in itertools.pairwise(edges)]
    choices = [now, *(bar for bar in middles if abs(bar - now) <= REACH * abs(now))]
    return float(max(choices, key=lambda bar: (right(bar), -abs(bar - now))))


def report(rows: pd.DataFrame) -> None:
    """Print the tables."""
    print("\nby case (share judged right)")
    right = rows["passed"] == rows["good"]
    table = (
        rows.assign(right=right).groupby(["type", "good", "case"]).agg(pairs=("right", "size"), right=("right", "mean"))
    )
    print(table.to_string(float_format="{:.2f}".format))
    print("\nby kind")
    kinds = [*(rows[rows["type"] == kind] for kind in sorted(rows["type"].unique())), rows]
    print(pd.DataFrame([_summary(part) for part in kinds]).to_string(index=False))
    print("\nthe guide's validator on the same")
    guides = (part.assign(passed=part["guide"], seconds=part["guide seconds"]) for part in kinds)
    print(pd.DataFrame([_summary(part) for part in guides]).to_string(index=False))


def _summary(rows: pd.DataFrame) -> dict[str, object]:
    good, bad = rows[rows["good"]], rows[~rows["good"]]
    wrongly = int(bad["passed"].sum())
    interval = binomtest(wrongly, len(bad)).proportion_ci(0.95, "wilson")
    return {
        "kind": rows["type"].iloc[0] if rows["type"].nunique() == 1 else "all",
        "good accepted": f"{int(good['passed'].sum())} of {len(good)}",
        "bad refused": f"{len(bad) - wrongly} of {len(bad)}",
        "balanced accuracy": f"{(good['passed'].mean() + 1 - bad['passed'].mean()) / 2:.3f}",
        "false accepts": f"{wrongly / len(bad):.1%} ({interval.low:.1%} to {interval.high:.1%})",
        "median s": f"{rows['seconds'].median():.2f}",
    }


def main(arguments: list[str]) -> None:
    """Fit when asked to, then measure the test split."""
    seeds = int(arguments[arguments.index("--seeds") + 1]) if "--seeds" in arguments else 8
    if "--fit" in arguments:
        rows = measured("dev", seeds)
        bars = fitted(rows, dict(limits()))
        document = {
            "fitted": f"{datetime.now(UTC):%Y-%m-%d} on {len(rows)} edits of the dev split, seeds 0 to {seeds - 1}",
            "limits": {measure: float(f"{bars[measure]:.4g}") for measure in MEASURES},
        }
        LIMITS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        limits.cache_clear()
        report(rows.assign(passed=accepted(rows, bars)))
    misses = Path(arguments[arguments.index("--misses") + 1]) if "--misses" in arguments else None
    rows = measured("test", seeds, misses)
    report(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
