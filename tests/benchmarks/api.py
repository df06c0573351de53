"""How much the API bears, with an engine that takes no time.

    python -m tests.benchmarks.api [EDITS]

The API with two processes that edit, its own Prefect server and an engine server, all on this machine. Steady: clients
that send the next edit when the last has come back. Looking: how far an edit is, asked again and again. Overload: many
more edits at once than may wait. Recovery: until an edit is taken and answered again. Memory: of the API's process and
of those that edit.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pandas as pd
import psutil
from PIL import Image
from prefect import __version__ as prefect_version
from skimage import data

from tests.deployments.api.running import Api, Obedient, running
from tests.tasks.engines.server.serving import serving

CLIENTS = 4
QUEUE = 20
"""Edits that may be unfinished."""
RUSH = 200
"""Edits asked for at once when it is overloaded."""
LOOKS = 400

NUMBERS = itertools.count()
Row = dict[str, Any]


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(data.astronaut()).save(buffer, "PNG")
    return buffer.getvalue()


def mebibytes(api: Api) -> tuple[float, float]:
    """Resident memory of the API's own process, and of those that edit together."""
    own = psutil.Process(api.process.pid)
    editing = [
        child for child in own.children(recursive=True) if "deployments.api.resident" in " ".join(child.cmdline())
    ]
    return own.memory_info().rss / 2**20, sum(child.memory_info().rss for child in editing) / 2**20


async def edit(web: httpx.AsyncClient, photo: bytes, prefer: str = "") -> tuple[int, float]:
    """Status and seconds of one edit nobody has asked for before."""
    begun = time.perf_counter()
    answer = await web.post(
        "/edit",
        data={"prompt": f"Give it a warm look, number {next(NUMBERS)}", "edit_type": "semantic"},
        files={"file": ("photo.png", photo)},
        headers={"Prefer": prefer} if prefer else {},
    )
    return answer.status_code, time.perf_counter() - begun


async def steady(
    what: Callable[[], Awaitable[tuple[int, float]]], clients: int, total: int
) -> tuple[list[tuple[int, float]], float]:
    """What so many clients were answered, and how long that took."""
    answers: list[tuple[int, float]] = []
    left = itertools.count()

    async def client() -> None:
        while next(left) < total:
            answers.append(await what())

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return answers, time.perf_counter() - begun


def row(name: str, answers: list[tuple[int, float]], seconds: float, memory: tuple[float, float]) -> Row:
    times = sorted(taken for _, taken in answers)
    statuses = Counter(status for status, _ in answers)
    return {
        "phase": name,
        "requests": len(answers),
        "answered": ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items())),
        "a second": round(len(answers) / seconds, 2),
        "median s": round(statistics.median(times), 3),
        "p99 s": round(times[min(len(times) - 1, int(len(times) * 0.99))], 3),
        "API MiB": round(memory[0]),
        "editing MiB": round(memory[1]),
    }


async def measure(api: Api, edits: int) -> list[Row]:
    """All phases, one after the other."""
    photo, rows = picture(), []
    limits = httpx.Limits(max_connections=RUSH, max_keepalive_connections=RUSH)
    async with httpx.AsyncClient(base_url=api.url, timeout=300, limits=limits) as web:
        await steady(lambda: edit(web, photo), 2, 6)  # both processes are warm
        for part in range(1, 4):
            done = await steady(lambda: edit(web, photo), CLIENTS, edits // 3)
            rows.append(row(f"{CLIENTS} clients, third {part}", *done, mebibytes(api)))
        listed = (await web.get("/edits", params={"limit": 1})).json()["edits"][0]["id"]

        async def look() -> tuple[int, float]:
            begun = time.perf_counter()
            return (await web.get(f"/edits/{listed}")).status_code, time.perf_counter() - begun

        rows.append(row(f"looking, {CLIENTS} clients", *await steady(look, CLIENTS, LOOKS), mebibytes(api)))
        done = await steady(lambda: edit(web, photo, "respond-async"), RUSH, RUSH)
        rows.append(row("rush", *done, mebibytes(api)))
        refused = [one for one in done[0] if one[0] == 429]
        rows.append(row("of it refused", refused, done[1], mebibytes(api)))
        begun = time.perf_counter()
        while (again := await edit(web, photo))[0] != 200:
            await asyncio.sleep(0.2)
        rows.append(row("taken and answered again", [again], time.perf_counter() - begun, mebibytes(api)))
    return rows


def main(edits: int = 120) -> None:
    """Measure and print."""
    os.environ |= {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    settings = {"EDIT_FLOWS_API_QUEUE": str(QUEUE), "EDIT_FLOWS_API_RATE": "1000000/minute"}
    with TemporaryDirectory(prefix="edit-flows-api-") as folder, serving(Obedient, limit=100) as engine:
        os.environ["PREFECT_HOME"] = str(Path(folder, "prefect"))
        with running(Path(folder), engine.url, settings, here=2) as api:
            table = pd.DataFrame(asyncio.run(measure(api, edits)))
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}, Prefect {prefect_version}; 512 x 512, queue of {QUEUE}")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
