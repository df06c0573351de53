"""What kills did: who died in which box, how long until it went on, and whether anything was lost or made twice."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psutil
from s3fs import S3FileSystem

from tests.reliability.site import Site
from tests.weed import BUCKET

FINAL = {"COMPLETED", "FAILED", "CANCELLED"}


@dataclass
class Kill:
    """One process, or the worker together with its runs, killed."""

    target: str
    at: float
    runs: dict[UUID, int] = field(default_factory=dict)
    """The runs that died, and how often each had been started."""
    back: float | None = None
    """When it answered again; of runs: when the last of them was at work again, or had ended."""


@dataclass
class Record:
    """What happened."""

    runs: list[UUID] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    together: int = 0
    """How often two were killed at the same moment."""
    done_at: dict[UUID, float] = field(default_factory=dict)
    starts: dict[UUID, int] = field(default_factory=dict)
    states: dict[UUID, str] = field(default_factory=dict)
    boxes: Counter[str] = field(default_factory=Counter)
    """Where runs were when they died: the box that began and never ended."""


def observe(site: Site, record: Record) -> None:
    """Note what has ended and what is back; nothing when the server is dead just now."""
    now = time.monotonic()
    for kill in record.kills:
        if kill.back is None and not kill.runs and answers(site, kill.target):
            kill.back = now
    try:
        found = _post(site, "/flow_runs/filter", {"flow_runs": {"id": {"any_": [str(run) for run in record.runs]}}})
    except httpx.HTTPError:
        return
    for run in found:
        key = UUID(run["id"])
        record.starts[key], record.states[key] = run["run_count"], run["state_name"]
        if run["state_type"] in FINAL and not passes(run):
            record.done_at.setdefault(key, now)
    for kill in record.kills:
        if (
            kill.back is None
            and kill.runs
            and all(
                run in record.done_at or (record.states.get(run) == "Running" and record.starts[run] > starts)
                for run, starts in kill.runs.items()
            )
        ):
            kill.back = now


def passes(run: dict[str, Any]) -> bool:
    """True for a run that failed on a machine: deployments.recover starts it again."""
    message = (run["state"] or {}).get("message") or ""
    return run["state_type"] == "FAILED" and any(
        word in message for word in ("TransientError", "EngineBusy", "Connect")
    )


def answers(site: Site, target: str) -> bool:
    """Whether a part of the installation is there again."""
    urls = {"server": f"{site.api}/health", "engine": f"{site.engine}/health", "s3": f"{site.s3}/healthz"}
    if target not in urls:
        return bool(site.pid("gpu"))
    try:
        return httpx.get(urls[target], timeout=2).is_success
    except httpx.HTTPError:
        return False


def boxes(site: Site, record: Record) -> None:
    """Count in which boxes runs died."""
    body = {"flow_runs": {"id": {"any_": [str(run) for run in record.runs]}}, "limit": 200}
    offset = 0
    while page := _post(site, "/task_runs/filter", body | {"offset": offset}):
        offset += len(page)
        record.boxes.update(task["name"].split(" ")[0] for task in page if task["state_type"] not in FINAL)


def _post(site: Site, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.post(f"{site.api}{path}", json=body, timeout=10).raise_for_status().json()
    return found


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
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}  {where}",
        f"{len(record.runs)} requests, {len(record.done_at)} ended in {seconds:.0f} s",
        f"states: {dict(Counter(record.states.values()))}",
        f"starts a run: {dict(sorted(Counter(record.starts.values()).items()))}",
        f"{len(record.kills)} kills, {record.together} times two at once",
        "killed            times   seconds until it went on: median, 90 %, longest",
        *(_line(target, record) for target in sorted({kill.target for kill in record.kills})),
        f"boxes runs died in: {dict(record.boxes.most_common())}",
        f"faults: {len(wrong)}",
        *wrong,
    ]
    return "\n".join(lines)


def _line(target: str, record: Record) -> str:
    kills = [kill for kill in record.kills if kill.target == target]
    waits = sorted(kill.back - kill.at for kill in kills if kill.back is not None)
    if not waits:
        return f"{target:<16} {len(kills):>6}   never"
    late = waits[min(len(waits) - 1, int(0.9 * len(waits)))]
    return f"{target:<16} {len(kills):>6}   {statistics.median(waits):5.1f} {late:5.1f} {waits[-1]:5.1f}"


def runs_of(pids: list[int]) -> set[UUID]:
    """The flow runs that processes carry out."""
    found: set[UUID] = set()
    for pid in pids:
        with suppress(psutil.Error, KeyError, ValueError):
            found.add(UUID(psutil.Process(pid).environ()["PREFECT__FLOW_RUN_ID"]))
    return found
