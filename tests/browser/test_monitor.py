"""The hourly report as a person finds it in the Prefect UI, made by the deployment from samples and real edits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

from tasks.storage.monitor import keep_samples
from tests.browser.painter import CLUMSY
from tests.health import every_ten_seconds

ROOT = Path(__file__).parents[2]
FINISHED = 120.0
"""Seconds two edits are given to end, their processes included."""


@pytest.fixture
def edited(installation) -> None:
    """One edit that passed and one that did not, made by the worker."""
    picture = shutil.copy(ROOT / "examples" / "poster-ko.png", installation.folder / "포스터.png")
    asked = "'안녕하세요'를 '환영합니다'로 바꿔줘"
    with installation.client as client:
        deployment = client.read_deployment_by_name("edit-image/edit-image").id
        wanted = [
            client.create_flow_run_from_deployment(
                deployment, parameters={"request": {"image": str(picture), "prompt": prompt}}
            ).id
            for prompt in (asked, f"{asked} {CLUMSY}")
        ]
        until = time.monotonic() + FINISHED
        while not all((run := client.read_flow_run(one)).state.is_final() for one in wanted):
            assert time.monotonic() < until, f"{run.name} did not end"
            time.sleep(0.5)


def executed(installation) -> str:
    """A run of the deployment monitor, carried out in a process of its own as a worker would."""
    with installation.client as client:
        run = client.create_flow_run_from_deployment(client.read_deployment_by_name("monitor/monitor").id).id
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EDIT_FLOWS_", "PREFECT_"))}
    environment = own | {
        "PREFECT_API_URL": f"{installation.url}/api",
        "PREFECT_HOME": str(installation.folder / "monitor-home"),
        "EDIT_FLOWS_OUTPUT": str(installation.folder / "outputs"),
    }
    command = [sys.executable, "-m", "prefect", "flow-run", "execute", str(run)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(run)


@pytest.mark.usefixtures("edited")
def test_the_report_of_the_hour_is_a_table_and_a_chart(installation, browser_page, screenshot):
    page, now = browser_page, datetime.now(UTC)
    for host, gpus in (("렌더-1", 2), ("render-2", 0)):
        samples = list(every_ten_seconds(now - timedelta(minutes=50), now, host, gpus))
        keep_samples(str(installation.folder / "outputs" / ".monitor"), samples)
    run = executed(installation)
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    with installation.client as client:
        ids = {one.key: one.id for one in client.read_artifacts(artifact_filter=wanted)}
    page.goto(f"{installation.url}/v2/runs/flow-run/{run}?tab=Artifacts")
    page.get_by_text("errors 0.0%").first.wait_for()
    screenshot("monitor-run")
    page.goto(f"{installation.url}/v2/artifacts/artifact/{ids['health']}")
    expect(page.get_by_text("50.0% (1 of 2, 0 wait for a person)", exact=True)).to_be_visible()
    screenshot("monitor-table")
    page.get_by_placeholder("Search").fill("power")
    expect(page.get_by_text("렌더-1: GPU 1 NVIDIA H100, power", exact=True)).to_be_visible()
    page.goto(f"{installation.url}/v2/artifacts/artifact/{ids['health-chart']}")
    chart = page.get_by_alt_text("machines").first
    chart.wait_for()
    assert chart.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1000
    screenshot("monitor-chart")
