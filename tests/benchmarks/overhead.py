"""What orchestration costs: the flow with an engine that returns at once, against the bare functions.

    python -m tests.benchmarks.overhead [EDITS]

Both sides do the same real work on the same 512 x 512 picture (decode, plan, check, encode, write to a local folder);
they take turns within one process, so noise of the machine meets both. The difference is what Prefect adds.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from PIL import Image, ImageEnhance
from prefect import __version__ as prefect_version
from prefect.logging import disable_run_logger
from skimage import data

from flows.edit import edit_image
from flows.embedded import embedded
from tasks.classify import classify
from tasks.domain.models import Attempt, EditPlan, EditRequest, EngineIdentity
from tasks.domain.results import Outcome
from tasks.domain.traits import Traits
from tasks.edit import edit
from tasks.engines.protocol import Edited, Report
from tasks.engines.registry import ENGINES, Entry
from tasks.load import load
from tasks.metadata import metadata
from tasks.prepare import prepare_semantic
from tasks.preserve import preserve
from tasks.recall import recall
from tasks.save import save
from tasks.storage.desk import open_desk
from tasks.validate import validate

GOAL_MS = 250


class InstantEngine:
    """Gives the same warm-toned picture at once, so that only orchestration and the other boxes take time."""

    identity = EngineIdentity(name="instant", model="none", revision="1", stand_in=True)
    traits = Traits()

    vision = None

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """The warm-toned picture; nothing is asked of the arguments."""
        del source, plan, mask, report, references
        return Edited(warm_toned())


@cache
def photo() -> Image.Image:
    """A 512 x 512 photograph."""
    return Image.fromarray(data.astronaut())


@cache
def warm_toned() -> Image.Image:
    """The photograph with half its colour and a warm cast: a look every check accepts."""
    red, green, blue = ImageEnhance.Color(photo()).enhance(0.4).split()
    return Image.merge("RGB", (red.point(lambda v: min(255, v * 1.15)), green, blue.point(lambda v: v * 0.7)))


def bare(request: EditRequest, output: str) -> Outcome:
    """The boxes of the flow as plain function calls."""
    with open_desk() as folder, disable_run_logger():
        job = load.fn(request, output, "instant", folder)
        if recall.fn(job) is not None:
            raise AssertionError("every request of the benchmark is new")
        kind = classify.fn(job)
        plan = prepare_semantic.fn(job)
        made = edit.fn(job, plan, 1)
        if made is None:
            raise AssertionError("the instant engine always answers")
        candidate = preserve.fn(job, plan, made, 1)
        verdict = validate.fn(job, plan, candidate, 1)
        saved = save.fn(job, [Attempt(plan=plan, candidate=candidate, verdict=verdict)])
        return metadata.fn(job, kind, saved).outcome


def measure(edits: int) -> pd.DataFrame:
    """Milliseconds of each edit, one column a side."""
    rows = []
    with TemporaryDirectory() as folder:
        source = Path(folder, "photo.png")
        photo().save(source)
        for seed in range(edits + 3):  # the first three warm both sides up
            timings = {}
            for side in ("bare", "flow"):
                request = EditRequest(image=str(source), prompt="Give it a warm look", seed=seed)
                output = str(Path(folder, side))
                begun = time.perf_counter()
                outcome = bare(request, output) if side == "bare" else edit_image(request, output, "instant").outcome
                timings[side] = (time.perf_counter() - begun) * 1000
                if outcome is not Outcome.ACCEPTED:
                    raise AssertionError(f"{side} edit {seed} was {outcome}: the sides would not do the same work")
            rows.append(timings)
    return pd.DataFrame(rows[3:])


if __name__ == "__main__":
    ENGINES["instant"] = Entry("__main__:InstantEngine", "nothing")
    with embedded():
        table = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    table["overhead"] = table["flow"] - table["bare"]
    print(
        f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores  "
        f"Python {platform.python_version()}  Prefect {prefect_version}"
    )
    print(table.quantile([0.5, 0.95]).rename(index={0.5: "p50 ms", 0.95: "p95 ms"}).round(0).to_string())
    print(f"{60_000 / table['flow'].mean():.0f} edits a minute in one process, one after another")
    met = table["overhead"].median() <= GOAL_MS
    print(f"goal: median overhead under {GOAL_MS} ms: {'met' if met else 'MISSED'}")
