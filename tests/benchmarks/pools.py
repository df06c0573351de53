"""What running edits through a work pool costs, against a pool whose runs load the model themselves.

    python -m tests.benchmarks.pools [EDITS [NOTICES]]

A whole installation as `make up` makes it, on this machine. Both pools run as many runs at a time as their owner would:
the naive one a single one, since the weights of each fill the card; ours four. Edits are those of the classical engine
at 512 x 512, so that what is measured is everything but the model. CPU seconds of the server are its process's.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpx
import pandas as pd
import psutil
import stamina
from PIL import Image
from prefect import __version__ as prefect_version
from skimage import data

from tests.reliability.site import BIN, ROOT, Site, standing

LIMIT = 900.0
"""Seconds one measurement may take."""


class Row(NamedTuple):
    """One line of the table."""

    edits_a_minute: float
    start: float
    """Seconds, median, from being asked for to running; of edits: to the engine's first step."""
    server_cpu: float
    """Seconds of the server an edit."""


class Api:
    """The Prefect server of the installation."""

    def __init__(self, site: Site) -> None:
        self._client = httpx.Client(base_url=site.api, timeout=30)

    @stamina.retry(on=httpx.HTTPError, attempts=20, timeout=LIMIT)  # a busy server of SQLite answers late, or 503
    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()

    def start(self, deployment: str, parameters: dict[str, Any]) -> str:
        found = self._client.get(f"/deployments/name/{deployment}").raise_for_status().json()["id"]
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        run: str = self.post(f"/deployments/{found}/create_flow_run", body)["id"]
        return run

    def ended(self, runs: list[str]) -> list[dict[str, Any]]:
        """The runs, all of which have ended well."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            found = self.post("/flow_runs/filter", {"flow_runs": {"id": {"any_": runs}}})
            if all(run["state_type"] in {"COMPLETED", "FAILED", "CRASHED"} for run in found):
                if bad := [run["state"]["message"] for run in found if run["state_type"] != "COMPLETED"]:
                    raise RuntimeError(f"{len(bad)} runs failed: {bad[0]}")
                return list(found)
            time.sleep(0.5)
        raise TimeoutError(f"{len(runs)} runs took more than {LIMIT:.0f} s")

    def first_steps(self, runs: list[str]) -> dict[str, datetime]:
        """When the box `edit` of each run began."""
        body = {"task_runs": {"name": {"like_": "edit attempt 1"}}, "flow_runs": {"id": {"any_": runs}}}
        found = self.post("/task_runs/filter", body)
        return {task["flow_run_id"]: datetime.fromisoformat(task["start_time"]) for task in found}

    def count(self, flow: str) -> int:
        total: int = self.post("/flow_runs/count", {"flows": {"name": {"any_": [flow]}}})
        return total


def measure(site: Site, ask: Callable[[int], str], edits: int, *, first_step: bool) -> Row:
    """So many runs asked for at once, and what came of it."""
    api, server = Api(site), psutil.Process(site.pid("server"))
    before, begun = sum(server.cpu_times()[:2]), time.monotonic()
    runs = [ask(number) for number in range(edits)]
    ended = api.ended(runs)
    seconds, cpu = time.monotonic() - begun, sum(server.cpu_times()[:2]) - before
    return Row(60 * edits / seconds, _start(api, ended, first_step=first_step), cpu / edits)


def latency(site: Site, ask: Callable[[int], str], runs: int, *, first_step: bool) -> float:
    """Seconds from asking to the start of a run in a pool with nothing else to do, median."""
    api = Api(site)
    ended = [api.ended([ask(1000 + number)])[0] for number in range(runs)]
    return _start(api, ended, first_step=first_step)


def _start(api: Api, ended: list[dict[str, Any]], *, first_step: bool) -> float:
    started = {run["id"]: datetime.fromisoformat(run["start_time"]) for run in ended}
    if first_step:
        started = api.first_steps(list(started))
    created = {run["id"]: datetime.fromisoformat(run["created"]) for run in ended}
    return statistics.median((when - created[run]).total_seconds() for run, when in started.items())


def announced(site: Site, notices: int) -> float:
    """Seconds from the first notice of a bucket to the run of the last one being there."""
    api, before, begun = Api(site), Api(site).count("process-object"), time.monotonic()
    script = (
        "from deployments.events.announce import announce; from deployments.events.notices import Notice; "
        f"[announce([Notice(bucket='outbox', key=f'inbox/x/{{n + m}}.png') for m in range(50)])"
        f" for n in range(0, {notices}, 50)]"
    )
    subprocess.run([sys.executable, "-c", script], env=site.environment, cwd=ROOT, check=True)
    while api.count("process-object") - before < notices:
        if time.monotonic() - begun > LIMIT:
            raise TimeoutError(f"{api.count('process-object') - before} of {notices} runs after {LIMIT:.0f} s")
        time.sleep(0.5)
    return time.monotonic() - begun


def deploy_naive(site: Site) -> None:
    """The two flows of `naive`, in a pool of their own with a worker that runs one at a time."""
    prefect = [str(BIN / "prefect"), "--no-prompt"]
    subprocess.run([*prefect, "work-pool", "create", "naive", "--type", "process"], env=site.environment, check=True)
    for flow in ("naive", "floor"):
        entry = f"tests/benchmarks/naive.py:{flow}"
        subprocess.run(
            [*prefect, "deploy", entry, "-n", flow, "-p", "naive"], env=site.environment, cwd=ROOT, check=True
        )


def main(edits: int = 30, notices: int = 1000) -> None:
    """Print the table."""
    with TemporaryDirectory(prefix="pools-") as place, standing(Path(place) / "run") as site:
        photo = Path(place) / "photo.png"
        Image.fromarray(data.astronaut()).save(photo)
        api = Api(site)

        def request(number: int) -> dict[str, Any]:
            return {"image": str(photo), "prompt": "Give it a warm look", "seed": number}

        def ours(number: int) -> str:
            asked = {"request": request(number), "output": f"{place}/ours"}
            return api.start("edit-image/edit-image", asked)

        def naively(number: int) -> str:
            return api.start("naive/naive", {"request": request(number), "output": f"{place}/naive"})

        orders = Path(place) / "orders.jsonl"
        orders.write_text("\n".join(json.dumps(request(5000 + number)) for number in range(edits)))
        deploy_naive(site)
        command = [str(BIN / "prefect"), "worker", "start", "--pool", "naive", "--limit", "1"]
        looking = site.environment | {"PREFECT_WORKER_QUERY_SECONDS": "2"}  # as often as ours
        with subprocess.Popen(command, env=looking, cwd=ROOT, stdout=subprocess.DEVNULL) as worker:
            try:
                floor = latency(site, lambda _: api.start("floor/floor", {}), 5, first_step=False)
                alone = latency(site, ours, 5, first_step=True)
                rows = {
                    "naive pool, the model loaded by every run": measure(
                        site, naively, max(4, edits // 5), first_step=False
                    )
                }
            finally:
                worker.terminate()
        rows["gpu pool beside an engine server"] = measure(site, ours, edits, first_step=True)
        server = psutil.Process(site.pid("server"))
        before, begun = sum(server.cpu_times()[:2]), time.monotonic()
        (batch,) = api.ended([api.start("edit-batch/edit-batch", {"source": str(orders), "output": f"{place}/batch"})])
        seconds, cpu = time.monotonic() - begun, sum(server.cpu_times()[:2]) - before
        waited = datetime.fromisoformat(batch["start_time"]) - datetime.fromisoformat(batch["created"])
        rows["edit-batch, one run for all"] = Row(60 * edits / seconds, waited / timedelta(seconds=1), cpu / edits)
        table = pd.DataFrame(rows.values(), index=list(rows), columns=["edits a minute", "start s", "server CPU s"])
        versions = f"Python {platform.python_version()}, Prefect {prefect_version}"
        print(f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores, {versions}; {edits} edits")
        print(table.round(2).to_string())
        print(f"asked to running, a run that does nothing: {floor:.1f} s (Prefect's own)")
        print(f"asked to the engine's first step, an edit: {alone:.1f} s (goal: 1 s more)", flush=True)
        print(f"{notices} notices of a bucket to as many runs: {announced(site, notices):.0f} s", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
