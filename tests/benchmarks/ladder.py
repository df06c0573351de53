"""GPU cost of an accepted picture: full quality at once, drafts alone, and drafts first, under a model of acceptance.

    python -m tests.benchmarks.ladder [--figures gpu.json] [--full 0.9] [--detail 0.5] [--pictures 2000]

The retries are the real ones (`tasks.domain.remedies`); what passes is made up, by this model: a candidate of 4 steps
passes with the rate in the first column, one of full quality with `--full`, one of 8 steps with the mean of the two.
`each try anew`: every candidate has its own luck. `by the picture`: a picture is easy or hard for every try alike, so
that trying again by the same means helps nothing. A share of `--detail` of those that fail wants detail (blurred), and
more steps are the remedy; the others did not follow (unchanged). The checks are taken at their word: a poor draft that
they let pass counts as accepted. The real rates are to be read off receipts.

Costs are forward passes of the transformer: 4, 8, and twice the steps at full quality. With the figures of
`tests/benchmarks/gpu.py` they are its measured seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tasks.domain.means import Means
from tasks.domain.models import (
    Attempt,
    Candidate,
    Check,
    CheckName,
    Contract,
    EditPlan,
    EditType,
    FailureClass,
    ImageRef,
    Verdict,
)
from tasks.domain.recipes import Recipe
from tasks.domain.remedies import next_plan
from tasks.domain.traits import Traits

FULL = Recipe(cfg_scale=4.0, steps=40)
DRAFTS = tuple(Recipe(cfg_scale=1.0, steps=steps, adapter=f"lightning-{steps}") for steps in (4, 8))
ENGINES = {
    "full": Traits(recipes=dict.fromkeys(EditType, FULL)),
    "drafts": Traits(recipes=dict.fromkeys(EditType, DRAFTS[0].model_copy(update={"adapter": ""})), tunable=False),
    "ladder": Traits(recipes=dict.fromkeys(EditType, FULL), drafts=DRAFTS),
}
"""The three ways: the model with guidance, the one distilled to 4 steps, and both in one process."""
MEASURED = {4: "4 steps", 8: "8 steps", 2 * FULL.steps: "40 steps guided"}
"""By passes, what `gpu.py` calls an edit of so many."""
RATES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
PICTURE = ImageRef(uri="", sha256="0" * 64, file_sha256="0" * 64, width=8, height=8)


class Way(NamedTuple):
    """What came of one way."""

    cost: float
    """For each accepted picture, what was spent on the rejected ones included."""
    accepted: float
    """Share of the pictures."""


class Model(NamedTuple):
    """What passes, and why the others do not."""

    rates: Mapping[int, float]
    """By passes."""
    detail: float
    anew: bool

    def verdicts(self, pictures: int, tries: int) -> Iterator[list[tuple[float, FailureClass]]]:
        """For each picture, for each try: how lucky it must be to pass, and what is wrong when it does not."""
        random = np.random.default_rng(0)  # the same pictures for every way
        for _ in range(pictures):
            luck, wants = random.random(tries), random.random(tries) < self.detail
            if not self.anew:
                luck[:] = luck[0]
            yield [
                (hard, FailureClass.BLURRED if d else FailureClass.UNCHANGED)
                for hard, d in zip(luck, wants, strict=True)
            ]


def rates(draft: float, full: float) -> dict[int, float]:
    """The share of candidates that pass, by passes."""
    return {4: draft, 8: (draft + full) / 2, 2 * FULL.steps: full}


def walk(engine: Traits, costs: Mapping[int, float], model: Model, pictures: int, tries: int = 3) -> Way:
    """What one engine comes to on so many pictures."""
    means = Means(
        engine="it", traits={"it": engine}, prompt="p", pixels=1_000_000, max_attempts=tries, max_engine_seconds=1e9
    )
    spent, accepted = 0.0, 0
    first = engine.ladder(EditType.APPEARANCE)[0]
    contract = Contract(edit_type=EditType.APPEARANCE, checks=(CheckName.INTACT,))
    for luck in model.verdicts(pictures, tries):
        plan: EditPlan | None = EditPlan(contract=contract, prompt="p", seed=0, **first.model_dump())
        attempts: list[Attempt] = []
        while plan:
            hard, failure = luck[len(attempts)]
            passes = plan.passes
            near = min(costs, key=lambda known: abs(known - passes))  # remedies change steps and guidance a little
            seconds = costs[near] * passes / near
            passed = hard < model.rates[near]
            check = Check(
                name=CheckName.INTACT, score=passed, threshold=1, passed=passed, failure=None if passed else failure
            )
            candidate = Candidate(image=PICTURE, engine_seconds=seconds)
            attempts.append(Attempt(plan=plan, candidate=candidate, verdict=Verdict(checks=(check,))))
            spent, accepted = spent + seconds, accepted + passed
            plan = None if passed else next_plan(attempts, means)
    return Way(spent / max(accepted, 1), accepted / pictures)


def compare(costs: Mapping[int, float], full: float, detail: float, pictures: int, *, anew: bool) -> pd.DataFrame:
    """A row for each rate of acceptance of drafts, with what each way costs and accepts."""
    rows = {}
    for draft in RATES:
        model = Model(rates(draft, full), detail, anew)
        ways = {name: walk(engine, costs, model, pictures) for name, engine in ENGINES.items()}
        told = {name: f"{way.cost:.1f} ({way.accepted:.0%})" for name, way in ways.items()}
        rows[draft] = told | {"full / ladder": f"{ways['full'].cost / ways['ladder'].cost:.1f}"}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="4 steps pass")


def read(figures: Path | None) -> tuple[dict[int, float], str]:
    """Costs by passes and their unit: measured seconds, or the passes themselves."""
    if figures is None:
        return {passes: float(passes) for passes in MEASURED}, "forward passes"
    found = json.loads(figures.read_text(encoding="utf-8"))
    return {passes: found["ours cold"][name]["s"] for passes, name in MEASURED.items()}, f"s on {found['made']['on']}"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, help="what tests/benchmarks/gpu.py wrote with --out")
    parser.add_argument("--full", type=float, default=0.9, help="share of full-quality candidates that pass")
    parser.add_argument("--detail", type=float, default=0.5, help="share of failures that more steps are the remedy of")
    parser.add_argument("--pictures", type=int, default=2000)
    asked = parser.parse_args(arguments)
    costs, unit = read(asked.figures)
    print(f"{unit} for each accepted picture (share accepted); at most 3 tries; full quality passes {asked.full:.0%}")
    for anew, name in ((True, "each try anew"), (False, "by the picture")):
        print(f"\n{name}\n{compare(costs, asked.full, asked.detail, asked.pictures, anew=anew)}")


if __name__ == "__main__":
    main()
