"""What a hit of the result cache costs beside reading the entry and writing the pictures.

    python -m tests.benchmarks.result_cache [HITS]

The same work under other labels each time, at 1024 x 1024. Both take turns: the box `recall` with everything in it, and
the same bytes read from the cache's folder and written, flushed to disk, to the output's.
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
from PIL import Image
from prefect.logging import disable_run_logger
from skimage import data

from flows.edit import edit_image
from flows.embedded import embedded
from tasks.domain.models import EditRequest
from tasks.domain.results import EditResult
from tasks.load import load
from tasks.recall import recall
from tasks.storage import files
from tasks.storage.desk import open_desk

GOAL_MS = 20


def hit(request: EditRequest, output: str) -> tuple[float, EditResult]:
    """Milliseconds of `recall` for work that lies in the cache, and what it gave."""
    with open_desk() as folder, disable_run_logger():
        job = load.fn(request, output, "classical", folder)
        begun = time.perf_counter()
        result = recall.fn(job)
        took = (time.perf_counter() - begun) * 1000
    if result is None or not result.kept_from:
        raise AssertionError("every request of the benchmark is in the cache")
    return took, result


def bare(entry: Path, result: EditResult, output: Path) -> float:
    """Milliseconds of the same reading and writing without anything else."""
    written = [files.read(uri) for uri in (result.output.uri, result.sheet_uri, result.metadata_uri)]
    begun = time.perf_counter()
    entry.read_bytes()
    for number, content in enumerate(written):
        files.write_once(str(output / f"{number}"), content)
    return (time.perf_counter() - begun) * 1000


def main(hits: int) -> None:
    """Print the table."""
    with TemporaryDirectory() as place:
        os.environ["EDIT_FLOWS_CACHE"] = f"{place}/cache"
        photo = Path(place, "photo.png")
        Image.fromarray(data.astronaut()).resize((1024, 1024)).save(photo)
        request = EditRequest(image=str(photo), prompt="Give it a warm look")
        with embedded():
            edit_image(request, f"{place}/first", "classical")
        (entry,) = Path(place, "cache").rglob("*.zip")
        rows = []
        for number in range(hits + 1):
            labelled = request.model_copy(update={"metadata": {"number": str(number)}})
            took, result = hit(labelled, f"{place}/hit")
            rows.append({"hit": took, "its files alone": bare(entry, result, Path(place, "bare", str(number)))})
        size = entry.stat().st_size
    table = pd.DataFrame(rows[1:])
    table["over"] = table["hit"] - table["its files alone"]
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}  {where}")
    print(f"{hits} hits of an entry of {size / 2**20:.1f} MiB, milliseconds")
    print(table.quantile([0.5, 0.95]).rename(index={0.5: "median", 0.95: "95 %"}).round(1).to_string())
    print(f"goal: under {GOAL_MS} ms over: {'met' if table['over'].median() < GOAL_MS else 'MISSED'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
