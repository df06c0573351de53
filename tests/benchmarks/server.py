"""What the engine server costs: an edit over HTTP against the same engine called in the process.

    python -m tests.benchmarks.server [EDITS]

Both sides decode a PNG, call an engine that returns at once, and encode a PNG; they take turns, so noise of the machine
meets both. The server runs in a process of its own on loopback; its client also reads the answer's base64. Memory is
the peak of what is resident over what was before (Linux, /proc), each figure from a fresh process.
"""

from __future__ import annotations

import base64
import multiprocessing
import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import pandas as pd
import uvicorn
from PIL import Image
from skimage import data

from tasks.domain.contracts import draw_contract
from tasks.domain.models import EditPlan, EditType, EngineIdentity, OutputFormat
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Report
from tasks.engines.server.__main__ import listen
from tasks.engines.server.app import create_app
from tasks.engines.server.host import Host
from tasks.imaging.codec import decode, encode

OVERHEAD_GOAL_MS = 30
COPIES_GOAL = 1.0
ONE_MEGAPIXEL, SMALL, LARGE = (1024, 1024), (512, 512), (4000, 3000)
IN_FLIGHT = 4
PROMPT = "Make it a watercolour painting"
PRIORITIES = (1, 1, 1, 1, 1, 5, 5, 9)
"""Of the clients that compete for a slow engine."""
SLOW_SECONDS = 0.05
spawn = multiprocessing.get_context("spawn")


class IdleEngine:
    """Gives the source back after `seconds`."""

    identity = EngineIdentity(name="idle", model="none", revision="1", stand_in=True)
    traits = Traits()

    vision = None

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """A copy of the source, as an engine's answer would be a picture of its own."""
        del plan, mask, references
        report(0, 1)
        time.sleep(self._seconds)
        return Edited(source.copy())


class Server(NamedTuple):
    """A server in a process of its own."""

    http: httpx.Client
    pid: int

    def edit(self, picture: bytes, priority: int = 1) -> int:
        """Bytes of the edited picture."""
        answer = self.http.post(
            "/v1/images/edits", data={"prompt": PROMPT, "priority": str(priority)}, files={"image": picture}
        )
        return len(base64.b64decode(answer.raise_for_status().json()["data"][0]["b64_json"]))


@cache
def photo(size: tuple[int, int]) -> bytes:
    """A photograph of that size as a PNG."""
    return encode(Image.fromarray(data.astronaut()).resize(size, Image.Resampling.BICUBIC), OutputFormat.PNG)


def bare(picture: bytes) -> int:
    """The same work without the server: bytes of the edited picture."""
    plan = EditPlan(
        contract=draw_contract(PROMPT, EditType.SEMANTIC, masked=False),
        prompt=PROMPT,
        negative_prompt=" ",
        cfg_scale=4.0,
        steps=1,
        seed=0,
    )
    edited = IdleEngine().edit(decode(picture, name="photo"), plan, None, lambda *_: None)
    return len(encode(edited.image, OutputFormat.PNG))


def serve(listening: socket.socket, seconds: float) -> None:
    """Run the server on that socket until it is told to stop."""
    host = Host(partial(IdleEngine, seconds), limit=64)
    uvicorn.Server(uvicorn.Config(create_app(host), log_level="error")).run(sockets=[listening])


@contextmanager
def served(seconds: float = 0.0) -> Iterator[Server]:
    """A server whose engine takes that long."""
    with listen("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        process = spawn.Process(target=serve, args=(listening, seconds))
        process.start()
        try:
            with httpx.Client(base_url=url, timeout=60) as http:
                while http.get("/health").status_code != 200:
                    time.sleep(0.05)
                yield Server(http, process.pid or 0)
        finally:
            process.terminate()
            process.join()


def milliseconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def overhead(edits: int) -> pd.DataFrame:
    """Milliseconds of each edit at one megapixel, one column a side."""
    picture = photo(ONE_MEGAPIXEL)
    with served() as server:
        sides = {"in process": partial(bare, picture), "over HTTP": partial(server.edit, picture)}
        rows = [{name: milliseconds(work) for name, work in sides.items()} for _ in range(edits + 3)]
    return pd.DataFrame(rows[3:])  # the first three warm both sides up


def resident(pid: int, line: str) -> int:
    """Bytes of memory of a process: VmRSS now, VmHWM at its peak."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split(f"{line}:")[1].split()[0]) * 1024


def growth(pid: int, work: Callable[[], object]) -> int:
    """By how many bytes the peak of a process exceeds what it held before `work`."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # forgets the peak so far
    before = resident(pid, "VmRSS")
    work()
    return resident(pid, "VmHWM") - before


def at_once(edit: Callable[[bytes], int], pictures: int) -> None:
    """That many large pictures at the same time."""
    with ThreadPoolExecutor(pictures) as threads:
        list(threads.map(edit, [photo(LARGE)] * pictures))


def grown_bare(pictures: int) -> int:
    """Growth of this process, for a fresh one."""
    bare(photo(SMALL))
    photo(LARGE)
    return growth(os.getpid(), partial(at_once, bare, pictures))


def grown_served(pictures: int) -> int:
    """Growth of a fresh server."""
    with served() as server:
        server.edit(photo(SMALL))
        photo(LARGE)
        return growth(server.pid, partial(at_once, server.edit, pictures))


def memory() -> pd.DataFrame:
    """Copies of the picture (its pixels in RGB) held at the peak, by pictures in flight."""
    copy = LARGE[0] * LARGE[1] * 3
    rows = {}
    for pictures in (1, IN_FLIGHT):
        with spawn.Pool(1) as fresh:
            inside = fresh.apply(grown_bare, (pictures,))
        rows[pictures] = {"in process": inside / copy, "server": grown_served(pictures) / copy}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pictures in flight")


def fairness(each: int) -> pd.DataFrame:
    """Seconds clients waited beyond the work itself, by priority, while they all ask without a pause."""
    picture = photo((64, 64))

    def client(number: int) -> list[dict[str, float]]:
        asked = []
        for _ in range(each):
            waited = milliseconds(partial(server.edit, picture, PRIORITIES[number])) / 1000 - SLOW_SECONDS
            asked.append({"priority": PRIORITIES[number], "client": number, "waited": waited})
        return asked

    with served(SLOW_SECONDS) as server, ThreadPoolExecutor(len(PRIORITIES)) as threads:
        rows = [row for rows in threads.map(client, range(len(PRIORITIES))) for row in rows]
    table = pd.DataFrame(rows)
    by_priority = table.groupby("priority")["waited"].quantile(np.array([0.5, 0.95])).unstack()
    means = table.groupby(["priority", "client"])["waited"].mean().groupby("priority")
    by_priority["slowest / fastest client"] = means.max() / means.min()
    return by_priority.sort_index(ascending=False).rename(columns={0.5: "p50 s", 0.95: "p95 s"})


def rate(clients: int, requests: int) -> float:
    """Edits a second at 512 x 512 with that many clients."""
    picture = photo(SMALL)
    with served() as server, ThreadPoolExecutor(clients) as threads:
        server.edit(picture)
        taken = milliseconds(lambda: list(threads.map(server.edit, [picture] * requests)))
    return requests / taken * 1000


def met(good: object) -> str:
    """Whether a goal was reached."""
    return "met" if good else "MISSED"


if __name__ == "__main__":
    edits = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    load = os.getloadavg()[0]
    print(
        f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}  "
        f"Python {platform.python_version()}  uvicorn {uvicorn.__version__}"
    )
    times = overhead(edits)
    times["overhead"] = times["over HTTP"] - times["in process"]
    print(f"\nan edit at {ONE_MEGAPIXEL[0]} x {ONE_MEGAPIXEL[1]}, PNG to PNG")
    print(times.quantile([0.5, 0.95]).rename(index={0.5: "p50 ms", 0.95: "p95 ms"}).round(1).to_string())
    median = times["overhead"].median()
    print(f"goal: median overhead under {OVERHEAD_GOAL_MS} ms: {met(median < OVERHEAD_GOAL_MS)}")
    held = memory()
    held["more a picture"] = (held["server"] - held["in process"]) / held.index
    print(f"\nmemory at the peak in copies of the picture ({LARGE[0]} x {LARGE[1]}, RGB)")
    print(held.round(2).to_string())
    print(f"goal: at most {COPIES_GOAL:g} copy more a picture: {met(held['more a picture'].max() <= COPIES_GOAL)}")
    print(f"\n{len(PRIORITIES)} clients without a pause, an engine of {SLOW_SECONDS * 1000:.0f} ms: waiting")
    print(fairness(10).round(2).to_string())
    print(
        f"\nedits a second at {SMALL[0]} x {SMALL[1]}: {rate(1, 40):.1f} with one client, {rate(4, 80):.1f} with four"
    )
