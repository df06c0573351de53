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
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from s3fs import S3FileSystem

from tests.reliability.boxes import STARTING, Boxes
from tests.reliability.site import Site
from tests.weed import BUCKET

FINAL = {"COMPLETED", "FAILED", "CANCELLED"}


@dataclass
class Kill:
    """One process, or the worker together with its runs, killed."""

    target: str
    at: float
    runs: dict[int, UUID] = field(default_factory=dict)
    """The processes of runs that died, and which runs those were."""
    boxes: list[str] = field(default_factory=list)
    """In which boxes these were."""
    workers: int = 0
    """How often a worker had started until then."""
    back: float | None = None
    """When it answered again; of runs: when the last of them was in a box again, or had ended."""


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
    twice_at_work: set[UUID] = field(default_factory=set)
    """Runs that were given up and started again though their process was alive."""


def observe(site: Site, record: Record, boxes: Boxes) -> None:
    """Note what has ended and what is back; nothing when the server is dead just now."""
    now, alive = time.monotonic(), site.runs()
    record.twice_at_work |= {run for run, often in Counter(alive.values()).items() if often > 1}
    dead = {pid for kill in record.kills for pid in kill.runs}
    at_work = {run for pid, run in alive.items() if pid not in dead and boxes.of(pid).box != STARTING}
    for kill in record.kills:
        if kill.back is None and not kill.runs and answers(site, kill):
            kill.back = now
        if (
            kill.back is None
            and kill.runs
            and all(run in at_work or run in record.done_at for run in kill.runs.values())
        ):
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


def passes(run: dict[str, Any]) -> bool:
    """True for a run that failed on a machine: deployments.recover starts it again."""
    message = (run["state"] or {}).get("message") or ""
    return run["state_type"] == "FAILED" and any(
        word in message for word in ("TransientError", "EngineBusy", "Connect")
    )


def answers(site: Site, kill: Kill) -> bool:
    """Whether what was killed is there again: a server that answers, a worker that takes runs."""
    urls = {"server": f"{site.api}/health", "engine": f"{site.engine}/health", "s3": f"{site.s3}/healthz"}
    if kill.target not in urls:
        return site.workers_started() > kill.workers
    try:
        return httpx.get(urls[kill.target], timeout=2).is_success
    except httpx.HTTPError:
        return False


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
    died = Counter(box for kill in record.kills for box in kill.boxes)
    last = [
        max((kill.at for kill in record.kills if kill.at <= done), default=done) for done in record.done_at.values()
    ]
    rest = [done - at for done, at in zip(record.done_at.values(), last, strict=True)]
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}  {where}",
        f"{len(record.runs)} requests, {len(record.done_at)} ended in {seconds:.0f} s",
        f"states: {dict(Counter(record.states.values()))}",
        f"starts a run: {dict(sorted(Counter(record.starts.values()).items()))}",
        f"{len(record.kills)} kills, {record.together} times two at the same moment",
        "killed              times   seconds until back: median, 90 %, longest",
        *(_line(target, record.kills) for target in sorted({kill.target for kill in record.kills})),
        _line("all", record.kills),
        f"{sum(died.values())} processes of runs died in: {dict(died.most_common())}",
        f"from any last kill to the end of a request: median {statistics.median(rest):.0f} s" if rest else "none ended",
        f"started again though at work: {len(record.twice_at_work)}",
        f"faults: {len(wrong)}",
        *wrong,
    ]
    return "\n".join(lines)


def _line(target: str, kills: list[Kill]) -> str:
    struck = [kill for kill in kills if target in {kill.target, "all"}]
    waits = sorted(kill.back - kill.at for kill in struck if kill.back is not None)
    if not waits:
        return f"{target:<18} {len(struck):>6}   never"
    late = waits[min(len(waits) - 1, int(0.9 * len(waits)))]
    never = f", {len(struck) - len(waits)} not seen back" if len(waits) < len(struck) else ""
    return f"{target:<18} {len(struck):>6}   {statistics.median(waits):5.1f} {late:5.1f} {waits[-1]:5.1f}{never}"
