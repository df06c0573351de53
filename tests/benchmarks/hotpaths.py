"""CPU milliseconds of each box for a picture of one megapixel, with an engine that returns at once.

    python -m tests.benchmarks.hotpaths [PICTURES]

CPU time of all threads of the process, so a busy machine hardly matters; medians over the pictures. To compare two
commits, run this file in a checkout of each, one after the other and the first again.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pandas as pd
from PIL import Image, ImageEnhance
from prefect.logging import disable_run_logger
from skimage import data

from tasks.classify import classify
from tasks.domain.models import Attempt, EditPlan, EditRequest, EngineIdentity
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

SIDE = 1024
WARM_UP = 3
"""Pictures first that are not counted: they read fonts, certificates and models."""

_Made = TypeVar("_Made")


class ReadyEngine:
    """Has its answer before it is asked."""

    identity = EngineIdentity(name="ready", model="none", revision="1", stand_in=True)
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
        del source, plan, mask, report, references
        return Edited(muted())


@cache
def photo() -> Image.Image:
    """A photograph of one megapixel."""
    return Image.fromarray(data.astronaut()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


@cache
def muted() -> Image.Image:
    """The photograph with a third of its colour: a look every check accepts."""
    return ImageEnhance.Color(photo()).enhance(0.3)


def one(request: EditRequest, output: str) -> dict[str, float]:
    """CPU milliseconds of each box of the flow for one picture that is accepted."""
    spent: dict[str, float] = {}

    def clocked(box: str, work: Callable[..., _Made], *given: object) -> _Made:
        begun = time.process_time()
        made = work(*given)
        spent[box] = 1000 * (time.process_time() - begun)
        return made

    with open_desk() as folder, disable_run_logger():
        job = clocked("load", load.fn, request, output, "ready", folder)
        clocked("recall", recall.fn, job)
        kind = clocked("classify", classify.fn, job)
        plan = clocked("prepare", prepare_semantic.fn, job)
        made = clocked("edit", edit.fn, job, plan, 1)
        if made is None:
            raise AssertionError("the ready engine always answers")
        kept = clocked("preserve", preserve.fn, job, plan, made, 1)
        verdict = clocked("validate", validate.fn, job, plan, kept, 1)
        if not verdict.passed:
            raise AssertionError(f"not the work of an accepted picture: {verdict.failed}")
        saved = clocked("save", save.fn, job, [Attempt(plan=plan, candidate=kept, verdict=verdict)])
        clocked("metadata", metadata.fn, job, kind, saved)
    return spent


def measure(pictures: int) -> pd.DataFrame:
    """CPU milliseconds, a row for each picture, a column for each box and one for all."""
    with TemporaryDirectory() as folder:
        source = Path(folder, "photo.png")
        photo().save(source)
        table = pd.DataFrame(
            one(EditRequest(image=str(source), prompt="Make it vintage", seed=seed), str(Path(folder, "out")))
            for seed in range(WARM_UP + pictures)
        )[WARM_UP:]
    return table.assign(all=table.sum(axis=1))


if __name__ == "__main__":
    ENGINES["ready"] = Entry("__main__:ReadyEngine", "nothing")
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores  "
        f"Python {platform.python_version()}  {len(found)} pictures of {SIDE} x {SIDE}"
    )
    print(found.median().rename("CPU ms a picture").round(1).to_string())
