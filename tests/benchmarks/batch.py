"""What a batch keeps busy and what it keeps in memory.

    python -m tests.benchmarks.batch [EDITS]

Occupancy: the share of the time from the first edit's begin to the last one's end in which an engine that takes exactly
one second an edit, one at a time as a device does, was at work. Memory: the process after so many requests, with the
edits themselves replaced by their results, since ten thousand real ones take hours.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar
from unittest.mock import patch

import pandas as pd
import psutil
from PIL import Image, ImageEnhance
from prefect import __version__ as prefect_version
from skimage import data

from flows.batch import edit_batch
from flows.embedded import embedded
from tasks.domain.models import EditPlan, EditRequest, EngineIdentity
from tasks.domain.results import EditResult
from tasks.engines.protocol import Edited, Report
from tests.benchmarks.instant import InstantEngine, answering


class SecondEngine(InstantEngine):
    """Takes one second an edit and does one at a time, whoever asks; remembers when it was at work."""

    identity = EngineIdentity(name="second", model="none", revision="1", stand_in=True)
    spans: ClassVar[list[tuple[float, float]]] = []
    """Of the process, as a device is."""

    _device = threading.Lock()

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        with self._device:
            begun = time.monotonic()
            made = super().edit(source, plan, mask, report, references)
            time.sleep(max(0.0, begun + 1 - time.monotonic()))
            self.spans.append((begun, time.monotonic()))
        return replace(made, seconds=1.0)


def occupancy(folder: Path, edits: int, at_once: int) -> float:
    """Share of the time in which the engine was at work."""
    SecondEngine.spans.clear()
    orders = folder / f"orders-{at_once}.jsonl"
    orders.write_text(
        "".join(
            json.dumps({"image": str(folder / "photo.png"), "prompt": "Make it vintage", "seed": n + 1000 * at_once})
            + "\n"
            for n in range(edits)
        )
    )
    edit_batch(str(orders), output=str(folder / "out"), engine=SecondEngine.identity.name, at_once=at_once)
    spans = sorted(SecondEngine.spans)
    return sum(end - begin for begin, end in spans) / (spans[-1][1] - spans[0][0])


def memory(folder: Path, requests: int, result: EditResult) -> float:
    """MiB of this process after a batch of so many requests whose edits are only looked up."""

    def looked_up(request: EditRequest, _output: str | None, _engine: str | None) -> EditResult:
        return result.model_copy(update={"request": request})

    orders = folder / f"orders-{requests}.jsonl"
    with orders.open("w") as file:
        for number in range(requests):
            file.write(json.dumps({"image": "x.png", "prompt": "Make it vintage", "seed": number}) + "\n")
    with patch("flows.batch.dispatch_edit", looked_up):
        edit_batch(str(orders), output=str(folder / "out"))
    return float(psutil.Process().memory_info().rss / 2**20)


def main(edits: int) -> None:
    """Print both tables."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    with TemporaryDirectory() as place, embedded():
        folder = Path(place)
        photo = Image.fromarray(data.astronaut())
        photo.save(folder / "photo.png")
        answering(ImageEnhance.Color(photo).enhance(0.3), SecondEngine)
        occupancy(folder, 2, 8)  # reads models, fills caches
        busy = {at_once: occupancy(folder, edits, at_once) for at_once in (1, 2, 3)}
        result = EditResult.model_validate_json(next((folder / "out").glob("photo-*.json")).read_bytes())
        grown = {requests: memory(folder, requests, result) for requests in (100, 1000, 5000, 10000)}
    versions = f"Python {platform.python_version()}, Prefect {prefect_version}"
    print(f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores, {versions}")
    print(f"occupancy of an engine of 1 s, {edits} edits of 512 x 512 (goal: 0.90 at 2)")
    print(pd.Series(busy, name="share").rename_axis("at once").round(3).to_string())
    print("memory after a batch of so many requests")
    print(pd.Series(grown, name="MiB").rename_axis("requests").round(0).to_string())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
