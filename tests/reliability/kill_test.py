"""Nothing lost, nothing twice: requests are carried out while their processes are killed at random moments.

    python -m tests.reliability.kill_test --requests 80 --kills 200

A real Prefect server, workers, engine server and S3 server, as `make up` starts them, each killed with SIGKILL, one at
a time and two at a time, and the worker together with its runs, which leaves nobody to tell of them. Afterwards every
request must have exactly one result, accepted or in review, every file in the bucket must belong to one of them, and
every picture must be the one its metadata tells of.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx

from tests.reliability.accounting import Kill, Record, faults, observe, report
from tests.reliability.boxes import Boxes
from tests.reliability.site import ROOT, Site, standing
from tests.weed import BUCKET

TARGETS = ("run", "run", "worker", "worker and run", "worker and runs", "engine", "server", "s3")
"""What is killed: the process of a flow run (twice as often), the worker, it and one or all runs, the three servers."""
BOXES = ("starting", "load", "recall", "classify", "prepare", "edit", "preserve", "validate", "requeue", "save")
LATE_BOXES = ("metadata", "publish")
PATIENCE = 5.0
"""Seconds until any run will do, wherever it is."""
AHEAD = 6
"""Requests more under way than there have been kills for."""
WORK = (
    ("poster-ko.png", "Change the text '안녕하세요' to '환영합니다' while maintaining the original font style"),
    ("room.png", "Give it a warm look"),
    ("room.png", "Add a modern painting on the wall"),
    ("room.png", "Blur the background"),  # goes to review
)
"""Pictures of examples/ and what is asked of them, in turn."""


def carry_out(site: Site, requests: int, kills: int, seed: int, *, limit: float, targets: Sequence[str]) -> Record:
    """Submit the requests little by little, kill meanwhile, and wait until every run has ended, `limit` at most."""
    chance, record, boxes = random.Random(seed), Record(), Boxes(site.folder)
    until, next_kill = time.monotonic() + limit, time.monotonic() + chance.uniform(2, 6)
    while time.monotonic() < until and len(record.done_at) < requests:
        if len(record.runs) < min(requests, AHEAD + len(record.kills) * requests // kills):
            record.runs.append(insist(partial(submit, site, len(record.runs)), until))
        if len(record.kills) < kills and time.monotonic() > next_kill:
            chosen = chance.sample(targets, k=chance.choice((1, 1, 1, 2)))
            struck = sum(kill(site, target, chance, record, boxes) for target in dict.fromkeys(chosen))
            record.together += struck > 1
            next_kill = time.monotonic() + chance.uniform(2, 10)
        observe(site, record, boxes)
        time.sleep(0.3)
    return record


def submit(site: Site, number: int) -> UUID:
    """Id of the run of one request, the same however often it is submitted."""
    deployment = httpx.get(f"{site.api}/deployments/name/edit-image/edit-image", timeout=10).raise_for_status().json()
    picture, prompt = WORK[number % len(WORK)]
    request = {"image": str(ROOT / "examples" / picture), "prompt": prompt, "seed": number}
    made = httpx.post(
        f"{site.api}/deployments/{deployment['id']}/create_flow_run",
        json={
            "parameters": {
                "request": request | {"metadata": {"number": str(number)}},
                "output": f"s3://{BUCKET}/out",
            },
            "idempotency_key": f"kill-{number}",
            "state": {"type": "SCHEDULED"},
        },
        timeout=10,
    )
    return UUID(made.raise_for_status().json()["id"])


def insist(ask: Callable[[], UUID], until: float) -> UUID:
    """The answer, asked for until it comes: the server may be dead just now."""
    while True:
        try:
            return ask()
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def kill(site: Site, target: str, chance: random.Random, record: Record, boxes: Boxes) -> bool:
    """Whether there was something to kill."""
    runs = aim(site, chance, boxes) if "run" in target else {}
    if target == "worker and runs":
        runs |= site.runs()
    part = 0 if target == "run" else site.pid("gpu" if target.startswith("worker") else target)
    if ("run" in target and not runs) or (target != "run" and not part):
        return False
    struck = Kill(target, time.monotonic(), workers=site.workers_started())
    for pid in filter(None, [part, *runs]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            if pid in runs:
                struck.runs[pid] = runs[pid]
                struck.boxes.append(boxes.of(pid).box.split(maxsplit=1)[0])
    if part or struck.runs:
        record.kills.append(struck)
    return bool(part or struck.runs)


def aim(site: Site, chance: random.Random, boxes: Boxes) -> dict[int, UUID]:
    """A run in a box chosen at random, at a random moment of that box; any run when none is there for a while."""
    wanted, until = chance.choice(BOXES + LATE_BOXES), time.monotonic() + PATIENCE
    while alive := site.runs():
        there = [pid for pid in alive if boxes.of(pid).box.startswith(wanted)]
        if there or time.monotonic() > until:
            pid = chance.choice(there or list(alive))
            time.sleep(chance.uniform(0, boxes.usual(boxes.of(pid).box)))
            return {pid: alive[pid]}
    return {}


def experiment(
    folder: Path, requests: int, kills: int, seed: int, limit: float, targets: Sequence[str] = TARGETS
) -> tuple[Record, list[str], str]:
    """The record, what is wrong afterwards, and both as text."""
    folder.mkdir(parents=True, exist_ok=True)
    with standing(folder / "run") as site:
        begun = time.monotonic()
        record = carry_out(site, requests, kills, seed, limit=limit, targets=targets)
        wrong = faults(site, requests)
    return record, wrong, report(record, wrong, time.monotonic() - begun)


def test_requests_survive_the_death_of_runs_workers_and_the_engine(tmp_path):
    """The short version: stores and servers are killed in the long one, which takes the time they need to come back."""
    record, wrong, said = experiment(tmp_path, 3, kills=4, seed=5, limit=300, targets=("run", "worker", "engine"))
    print(said)  # noqa: T201  shown when it fails
    assert len(record.done_at) == 3, said
    assert not wrong, said
    assert len(record.kills) >= 2, said


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=80)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600, help="seconds")
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="kill-") as place:
        _, problems, text = experiment(Path(place), chosen.requests, chosen.kills, chosen.seed, chosen.limit)
    print(text)  # noqa: T201  its purpose
    sys.exit(bool(problems))
