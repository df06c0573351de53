"""How many instructions the classifier tells right, and how fast: python -m tests.benchmarks.classification.

The held-out list was written by somebody who had not seen the rules, and no rule was changed because of it.
"""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd

from tasks.domain.classification import classify

DATA = Path(__file__).parents[1] / "data"
LISTS = {"labelled": "instructions.jsonl", "held out": "instructions_held_out.jsonl"}


def judged(file: str) -> pd.DataFrame:
    """One row per instruction: language, the kind it is, whether it was told right, and the microseconds it took."""
    rows = pd.read_json(DATA / file, lines=True)
    begun = time.perf_counter()
    told = [classify(prompt).edit_type for prompt in rows["prompt"]]
    rows["microseconds"] = (time.perf_counter() - begun) / len(rows) * 1e6
    rows["right"] = told == rows["edit_type"]
    return rows


if __name__ == "__main__":
    tables = {name: judged(file) for name, file in LISTS.items()}
    right = pd.DataFrame({name: table.groupby("language")["right"].mean() for name, table in tables.items()})
    right.loc["all"] = [table["right"].mean() for table in tables.values()]
    right.loc["instructions"] = [len(table) for table in tables.values()]
    right.loc["microseconds each"] = [table["microseconds"].iloc[0] for table in tables.values()]
    print(right.to_string(float_format=lambda value: f"{value:.1%}" if value <= 1 else f"{value:.0f}"))
