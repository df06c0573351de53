"""The API as its users meet it: a process of its own, a real Prefect server, an engine that does as its words say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from openai import OpenAI
from PIL import Image
from prefect.settings import PREFECT_API_URL

from tasks.domain.errors import EngineError
from tasks.domain.models import EditPlan, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Report
from tests.doubles import unchanged, warm

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0
"""Seconds it is given to stand, and an edit to end."""
STEPS = 20
PACE = 0.25
"""Seconds a step of a slow edit takes."""


class Obedient:
    """A look for every instruction, except: "unchanged" gives the source back, "slow" takes 5 s, "break" fails."""

    identity = EngineIdentity(name="obedient", model="Tests/Obedient-1", revision="1")
    traits = Traits()
    vision = None
    plans: list[EditPlan] = []  # noqa: RUF012  of the process, as a device is

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        del mask, references
        self.plans.append(plan)
        for step in range(STEPS if "slow" in plan.prompt else 0):
            report(step, STEPS)
            time.sleep(PACE)
        if "break" in plan.prompt:
            raise EngineError("the device is on strike: wait until it is over")
        return Edited(unchanged(source) if "unchanged" in plan.prompt else warm(source))


class Api(NamedTuple):
    """An API that is up."""

    url: str
    folder: Path
    http: httpx.Client
    process: subprocess.Popen[bytes]
    client: OpenAI

    def openai(self) -> OpenAI:
        """OpenAI's own client."""
        return self.client

    def ended(self, edit: str) -> dict[str, Any]:
        """The job once it has ended."""
        until = time.monotonic() + PATIENCE
        job: dict[str, Any]
        while (job := self.http.get(f"/edits/{edit}").json())["status"] in {"queued", "running"}:
            assert time.monotonic() < until, f"it does not end: {job}"
            time.sleep(0.2)
        return job


@contextmanager
def running(folder: Path, engine: str, settings: Mapping[str, str] | None = None, here: int = 1) -> Iterator[Api]:
    """The API with edits in `here` processes of its own, on the configured Prefect server; stopped by its pid."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EDIT_FLOWS_")}
    environment = own | {
        **({"PREFECT_API_URL": url} if (url := PREFECT_API_URL.value()) else {}),
        "EDIT_FLOWS_ENGINE": "endpoint",
        "EDIT_FLOWS_ENDPOINT_URL": f"{engine}/v1",
        "EDIT_FLOWS_OUTPUT": str(folder / "outputs"),
        "EDIT_FLOWS_MAX_ATTEMPTS": "1",
        **(settings or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "api.log"
    command = [sys.executable, "-m", "deployments.api", "--port", "0", "--here", str(here), "--name", folder.name]
    with log.open("ab") as told, subprocess.Popen(command, env=environment, cwd=ROOT, stdout=told, stderr=told) as api:
        try:
            url = _url(api, log)
            with (
                httpx.Client(base_url=url, timeout=PATIENCE) as http,
                OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client,
            ):
                yield Api(url, folder, http, api, client)
        finally:
            api.terminate()


def _url(api: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + PATIENCE
    begun = log.stat().st_size
    while not (found := re.findall(r"ready: (http://[^/\s]+)", log.read_bytes()[begun:].decode())):
        assert api.poll() is None, f"it ended: {log.read_text()}"
        assert time.monotonic() < until, f"it does not stand: {log.read_text()}"
        time.sleep(0.1)
    return str(found[-1])
