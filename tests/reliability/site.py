"""A whole installation on this machine, as `make up` makes it, that can be killed part by part."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import psutil

from tests import weed
from tests.reliability.boxes import write_logging
from tests.weed import KEYS, free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CONFIG = str(ROOT / "deployments" / "supervisord.conf")
RUN = "PREFECT__FLOW_RUN_ID"
PATIENCE = 180.0
"""Seconds everything is given to stand."""


@dataclass(frozen=True)
class Site:
    """Where the installation runs."""

    folder: Path
    environment: dict[str, str]
    api: str
    engine: str
    s3: str

    def pid(self, program: str) -> int:
        """Process id of one of its programs; 0 while it is down."""
        said = subprocess.run(
            [str(BIN / "supervisorctl"), "-c", CONFIG, "pid", program],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        return int(said) if said.isdigit() else 0

    def runs(self) -> dict[int, UUID]:
        """Which flow run each process carries out that carries one out, also where its worker is gone."""
        found: dict[int, UUID] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):  # it went away meanwhile
                environment = process.environ()
                if environment.get("EDIT_FLOWS_RUN") == str(self.folder) and RUN in environment:
                    found[process.pid] = UUID(environment[RUN])
        return found

    def workers_started(self) -> int:
        """How often a worker of the gpu pool has begun to take runs."""
        return sum(log.read_text(errors="replace").count("' started!") for log in self.folder.glob("gpu-stdout*"))


@contextmanager
def standing(folder: Path, *, served: str = "classical") -> Iterator[Site]:
    """The installation, ready, with an empty bucket of a real S3 server; gone with all its processes afterwards."""
    ports = {name: free_port() for name in ("prefect", "engine", "http")}
    parts = weed.ports()
    environment = os.environ | KEYS | {
        "EDIT_FLOWS_RUN": str(folder),
        "EDIT_FLOWS_PREFECT_PORT": str(ports["prefect"]),
        "EDIT_FLOWS_ENGINE_PORT": str(ports["engine"]),
        "EDIT_FLOWS_HTTP_PORT": str(ports["http"]),
        "EDIT_FLOWS_SERVED": served,
        "PREFECT_HOME": str(folder / "prefect"),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{parts['s3']}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_SETTINGS_PATH": str(folder / "logging.yml"),
    }  # fmt: skip
    api = f"http://127.0.0.1:{ports['prefect']}/api"
    environment["PREFECT_API_URL"] = api
    _write_s3(folder, parts)
    write_logging(folder)
    site = Site(folder, environment, api, f"http://127.0.0.1:{ports['engine']}", f"http://127.0.0.1:{parts['s3']}")
    subprocess.run([str(BIN / "supervisord"), "-c", CONFIG], env=environment, check=True)
    daemon = psutil.Process(int(_eventually(folder / "supervisord.pid")))
    try:
        _wait(site)
        yield site
    finally:
        family = [daemon, *daemon.children(recursive=True)]
        daemon.terminate()
        _, left = psutil.wait_procs(family, timeout=30)
        for pid in [process.pid for process in left] + list(site.runs()):  # runs whose worker was killed are no family
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder / "weed", ignore_errors=True)


def _write_s3(folder: Path, ports: dict[str, int]) -> None:
    """SeaweedFS as one more program of the installation."""
    (folder / "programs").mkdir(parents=True)
    (folder / "weed").mkdir()
    (folder / "programs" / "s3.conf").write_text(
        f"[program:s3]\ncommand={' '.join(weed.command(folder / 'weed', ports))}\nautorestart=true\nstartretries=100\n"
        f"directory={folder / 'weed'}\nredirect_stderr=true\n"
    )


def _eventually(file: Path) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if file.exists() and (text := file.read_text().strip()):
            return text
        time.sleep(0.05)
    raise TimeoutError(f"{file} was not written")


def _wait(site: Site) -> None:
    """Return when every part answers and the deployments are made."""
    command = [sys.executable, "-m", "deployments.setup", "--wait"]
    subprocess.run(command, env=site.environment, cwd=ROOT, check=True, timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    for url in (f"{site.engine}/health", f"{site.s3}/healthz"):
        while not _answers(url):
            if time.monotonic() > until:
                raise TimeoutError(f"{url} does not answer")
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
