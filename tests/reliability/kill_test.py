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

from tests.reliability.accounting import Kill, Record, boxes, faults, observe, report, runs_of
from tests.reliability.site import ROOT, Site, standing
from tests.weed import BUCKET

TARGETS = ("run", "gpu", "gpu and its runs", "engine", "server", "s3")
"""What is killed: the process of a flow run, the worker, both, the engine server, the Prefect server, the S3 server."""
WORK = (
    ("poster-ko.png", "Change the text '안녕하세요' to '환영합니다' while maintaining the original font style"),
    ("room.png", "Give it a warm look"),
    ("room.png", "Add a modern painting on the wall"),
)
"""Pictures of examples/ and what is asked of them, in turn."""


def carry_out(site: Site, requests: int, kills: int, seed: int, *, limit: float, targets: Sequence[str]) -> Record:
    """Submit the requests, kill while they run, and wait until every run has ended, `limit` seconds at most."""
    chance, record = random.Random(seed), Record()
    until, next_kill = time.monotonic() + limit, time.monotonic() + chance.uniform(2, 6)
    for number in range(requests):
        record.runs.append(insist(partial(submit, site, number), until))
    while time.monotonic() < until and len(record.done_at) < requests:
        if len(record.kills) < kills and time.monotonic() > next_kill:
            chosen = chance.sample(targets, k=chance.choice((1, 1, 1, 2)))
            struck = sum(kill(site, target, chance, record) for target in chosen)
            record.together += struck > 1
            next_kill = time.monotonic() + chance.uniform(2, 14)
        observe(site, record)
        time.sleep(0.5)
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


def kill(site: Site, target: str, chance: random.Random, record: Record) -> bool:
    """Whether there was something to kill."""
    pids = victims(site, target, chance)
    died = runs_of(pids)
    struck = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            struck += 1
    if struck:
        record.kills.append(Kill(target, time.monotonic(), {run: record.starts.get(run, 0) for run in died}))
    return struck > 0


def victims(site: Site, target: str, chance: random.Random) -> list[int]:
    """Process ids of what is to be killed; empty when it is not there just now."""
    runs = site.runs() if "run" in target else []
    if target == "run":
        return [chance.choice(runs)] if runs else []
    worker = site.pid(target.partition(" ")[0])
    return [worker, *runs] if worker and (runs or "run" not in target) else []


def experiment(
    folder: Path, requests: int, kills: int, seed: int, limit: float, targets: Sequence[str] = TARGETS
) -> tuple[Record, list[str], str]:
    """The record, what is wrong afterwards, and both as text."""
    folder.mkdir(parents=True, exist_ok=True)
    with standing(folder / "run") as site:
        begun = time.monotonic()
        record = carry_out(site, requests, kills, seed, limit=limit, targets=targets)
        wrong = faults(site, requests)
        boxes(site, record)
    return record, wrong, report(record, wrong, time.monotonic() - begun)


def test_requests_survive_the_death_of_runs_workers_and_the_engine(tmp_path):
    """The short version: stores and servers are killed in the long one, which takes the time they need to come back."""
    record, wrong, said = experiment(tmp_path, 3, kills=4, seed=5, limit=300, targets=("run", "gpu", "engine"))
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
