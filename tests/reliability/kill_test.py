"""Nothing lost, nothing twice: requests are carried out while their processes are killed at random moments.

    python -m tests.reliability.kill_test --requests 40 --kills 200

A real Prefect server, workers, engine server and S3 server, as `make up` starts them, each killed with SIGKILL, one at
a time and two at a time. Afterwards every request must have exactly one result, accepted or in review, every file in
the bucket must belong to one of them, and every picture must be the one its metadata tells of.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
from PIL import Image
from s3fs import S3FileSystem

from tests.reliability.site import Site, standing
from tests.tasks.storage.conftest import BUCKET

TARGETS = ("run", "gpu", "engine", "server", "s3")
"""What is killed: the process of a flow run, the worker, the engine server, the Prefect server, the S3 server."""
FINAL = {"COMPLETED", "FAILED", "CANCELLED"}


@dataclass
class Record:
    """What happened."""

    runs: list[UUID] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    killed_at: list[float] = field(default_factory=list)
    done_at: dict[UUID, float] = field(default_factory=dict)
    starts: dict[UUID, int] = field(default_factory=dict)
    states: dict[UUID, str] = field(default_factory=dict)


def carry_out(
    site: Site, source: str, requests: int, kills: int, seed: int, *, limit: float, targets: Sequence[str]
) -> Record:
    """Submit the requests, kill while they run, and wait until every run has ended, `limit` seconds at most."""
    chance, record = random.Random(seed), Record()
    until, next_kill = time.monotonic() + limit, time.monotonic() + chance.uniform(2, 6)
    for number in range(requests):
        record.runs.append(insist(partial(submit, site, source, number), until))
    while time.monotonic() < until and len(record.done_at) < requests:
        if sum(record.kills.values()) < kills and time.monotonic() > next_kill:
            for target in chance.sample(targets, k=chance.choice((1, 1, 1, 2))):
                if kill(site, target, chance):
                    record.kills[target] += 1
                    record.killed_at.append(time.monotonic())
            next_kill = time.monotonic() + chance.uniform(2, 12)
        observe(site, record)
        time.sleep(0.5)
    return record


def submit(site: Site, source: str, number: int) -> UUID:
    """Id of the run of one request, the same however often it is submitted."""
    deployment = httpx.get(f"{site.api}/deployments/name/edit-image/edit-image", timeout=10).raise_for_status().json()
    request = {"image": source, "prompt": "Give it a warm look", "metadata": {"number": str(number)}, "seed": number}
    made = httpx.post(
        f"{site.api}/deployments/{deployment['id']}/create_flow_run",
        json={
            "parameters": {"request": request, "output": f"s3://{BUCKET}/out"},
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


def observe(site: Site, record: Record) -> None:
    """Note what has ended; nothing when the server is dead just now."""
    try:
        found = httpx.post(
            f"{site.api}/flow_runs/filter",
            json={"flow_runs": {"id": {"any_": [str(run) for run in record.runs]}}},
            timeout=5,
        )
        found.raise_for_status()
    except httpx.HTTPError:
        return
    for run in found.json():
        key = UUID(run["id"])
        record.starts[key], record.states[key] = run["run_count"], run["state_name"]
        if run["state_type"] in FINAL:
            record.done_at.setdefault(key, time.monotonic())


def kill(site: Site, target: str, chance: random.Random) -> bool:
    """Whether there was such a process to kill."""
    pids = site.runs() if target == "run" else [pid] if (pid := site.pid(target)) else []
    if not pids:
        return False
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def storage(site: Site) -> Iterator[S3FileSystem]:
    """The bucket as it is now."""
    S3FileSystem.clear_instance_cache()
    keys = {"key": site.environment["AWS_ACCESS_KEY_ID"], "secret": site.environment["AWS_SECRET_ACCESS_KEY"]}
    yield S3FileSystem(**keys, endpoint_url=site.s3, use_listings_cache=False, skip_instance_cache=True)


def faults(site: Site, requests: int) -> list[str]:
    """Everything that is not as it should be in the bucket."""
    wrong: list[str] = []
    with storage(site) as bucket:
        files = {str(path) for path in bucket.find(f"{BUCKET}/out")}
        results = [json.loads(bucket.cat_file(path)) for path in files if path.endswith(".json") and "-" in path]
        results = [result for result in results if "identity" in result]
        numbers = Counter(result["request"]["metadata"]["number"] for result in results)
        wrong += [
            f"request {number} has {numbers[str(number)]} results"
            for number in range(requests)
            if numbers[str(number)] != 1
        ]
        known: set[str] = set()
        for result in results:
            known |= {result["metadata_uri"], result["sheet_uri"], result["mask_uri"], result["output"]["uri"]}
            for attempt in result["attempts"]:
                uri = attempt["candidate"]["image"]["uri"]
                known |= {
                    uri,
                    uri.rpartition(".")[0] + "-verdict.json",
                    (attempt["candidate"]["mask"] or {}).get("uri", ""),
                }
            data = bucket.cat_file(result["output"]["uri"])
            if hashlib.sha256(data).hexdigest() != result["output"]["file_sha256"]:
                wrong.append(f"{result['output']['uri']} is not the file its metadata tells of")
        known = {uri.removeprefix("s3://") for uri in known}
        wrong += [f"{path} belongs to no result" for path in sorted(files - known)]
    return wrong


def report(record: Record, wrong: list[str], seconds: float) -> str:
    """What a person wants to know."""
    after = [min((done - at for at in record.killed_at if at <= done), default=0.0) for done in record.done_at.values()]
    median = f"{sorted(after)[len(after) // 2]:.0f} s" if after else "-"
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}  {where}",
        f"{len(record.runs)} requests, {len(record.done_at)} ended in {seconds:.0f} s",
        f"states: {dict(Counter(record.states.values()))}",
        f"{sum(record.kills.values())} kills: {dict(record.kills)}",
        f"starts a run: {dict(sorted(Counter(record.starts.values()).items()))}",
        f"from the last kill before it to the end of a run: median {median}",
        f"faults: {len(wrong)}",
        *wrong,
    ]
    return "\n".join(lines)


def experiment(
    folder: Path, requests: int, kills: int, seed: int, limit: float, targets: Sequence[str] = TARGETS
) -> tuple[Record, list[str], str]:
    """The record, what is wrong afterwards, and both as text."""
    source = folder / "photo.png"
    folder.mkdir(parents=True, exist_ok=True)
    Image.effect_mandelbrot((200, 160), (-2, -1.2, 0.8, 1.2), 60).convert("RGB").save(source)
    with standing(folder / "run") as site:
        begun = time.monotonic()
        record = carry_out(site, str(source), requests, kills, seed, limit=limit, targets=targets)
        wrong = faults(site, requests)
    return record, wrong, report(record, wrong, time.monotonic() - begun)


def test_requests_survive_the_death_of_runs_workers_and_the_engine(tmp_path):
    """The short version: stores and servers are killed in the long one, which takes the time they need to come back."""
    record, wrong, said = experiment(tmp_path, 3, kills=4, seed=5, limit=300, targets=("run", "gpu", "engine"))
    print(said)  # noqa: T201  shown when it fails
    assert len(record.done_at) == 3, said
    assert not wrong, said
    assert sum(record.kills.values()) >= 2, said


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600, help="seconds")
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="kill-") as place:
        _, problems, text = experiment(Path(place), chosen.requests, chosen.kills, chosen.seed, chosen.limit)
    print(text)  # noqa: T201  its purpose
    sys.exit(bool(problems))
