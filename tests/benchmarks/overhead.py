"""What orchestration costs: the flow with an engine that returns at once, against the bare functions.

    python -m tests.benchmarks.overhead [EDITS]

Both sides do the same real work on the same 512 x 512 picture (decode, plan, check, encode, write to a local folder);
they take turns within one process, so noise of the machine meets both. The difference is what Prefect adds: the time
an edit takes longer and, less dependent on what else the machine does, the CPU time of this process and its server.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import psutil
from PIL import Image
from prefect import __version__ as prefect_version
from skimage import data

from flows.edit import edit_image
from flows.embedded import embedded
from tasks.domain.models import EditRequest
from tasks.domain.results import Outcome
from tests.benchmarks.instant import answering, edited
from tests.doubles import warm

GOAL_MS = 250


def measure(edits: int) -> pd.DataFrame:
    """Milliseconds of each edit, and those of the CPU, a column each a side."""
    rows = []
    with TemporaryDirectory() as folder:
        source, photo = Path(folder, "photo.png"), Image.fromarray(data.astronaut())
        photo.save(source)
        engine = answering(warm(photo))
        for seed in range(edits + 3):  # the first three warm both sides up
            timings = {}
            for side in ("bare", "flow"):
                request = EditRequest(image=str(source), prompt="Give it a warm look", seed=seed)
                output = str(Path(folder, side))
                begun, spent = time.perf_counter(), cpu()
                result = edited(request, output) if side == "bare" else edit_image(request, output, engine)
                timings[side] = (time.perf_counter() - begun) * 1000
                timings[f"{side} CPU"] = (cpu() - spent) * 1000
                if result.outcome is not Outcome.ACCEPTED:
                    raise AssertionError(f"{side} edit {seed} was {result.outcome}: the sides would do different work")
            rows.append(timings)
    return pd.DataFrame(rows[3:])


def cpu() -> float:
    """CPU seconds that this process and those it started have taken."""
    ours = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (ours, *ours.children(recursive=True)))


if __name__ == "__main__":
    with embedded():
        table = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    for unit in ("", " CPU"):
        table[f"overhead{unit}"] = table[f"flow{unit}"] - table[f"bare{unit}"]
    print(
        f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores  "
        f"Python {platform.python_version()}  Prefect {prefect_version}"
    )
    print(table.quantile([0.5, 0.95]).rename(index={0.5: "p50 ms", 0.95: "p95 ms"}).round(0).to_string())
    print(f"{60_000 / table['flow'].mean():.0f} edits a minute in one process, one after another")
    met = table["overhead"].median() <= GOAL_MS
    print(f"goal: median overhead under {GOAL_MS} ms: {'met' if met else 'MISSED'}")
