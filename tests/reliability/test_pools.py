"""Edits through the pool of a real installation: linked, found again, cancelled with whoever asked for them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import httpx
import pytest
from PIL import Image

from deployments.setup import pools
from tasks.domain.results import EditResult, Outcome
from tests.reliability.site import ROOT, Site

PATIENCE = 90


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("photo") / "사진.png"
    Image.effect_mandelbrot((200, 160), (-2, -1.2, 0.8, 1.2), 60).convert("RGB").save(path)
    return str(path)


def parent(site: Site, *arguments: str) -> subprocess.Popen[str]:
    environment = site.environment | {"EDIT_FLOWS_DISPATCH": "pool"}
    command = [sys.executable, "-m", "tests.reliability.parent", *arguments]
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def children(site: Site, key: str) -> list[dict[str, object]]:
    """Runs of edit-image for that piece of work."""
    answer = httpx.post(f"{site.api}/flow_runs/filter", json={"flows": {"name": {"any_": ["edit-image"]}}}, timeout=10)
    return [run for run in answer.raise_for_status().json() if run["idempotency_key"] == key]


def eventually(condition, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not come to be"
        time.sleep(0.3)
    return found


def test_an_edit_through_the_pool_is_a_child_of_its_parent_in_the_queue_of_its_priority(site, photo, tmp_path):
    with parent(site, photo, str(tmp_path / "out"), "linked") as asking:
        said, errors = asking.communicate(timeout=PATIENCE)
    assert asking.returncode == 0, errors
    assert EditResult.model_validate_json(said).outcome is Outcome.ACCEPTED
    (run,) = children(site, "linked")
    assert run["parent_task_run_id"]
    assert run["work_queue_name"] == "high"


def test_the_same_piece_of_work_asked_for_again_is_the_same_run(site, photo, tmp_path):
    for _ in range(2):
        with parent(site, photo, str(tmp_path / "out"), "twice") as asking:
            _, errors = asking.communicate(timeout=PATIENCE)
        assert asking.returncode == 0, errors
    assert len(children(site, "twice")) == 1


def test_when_the_parent_is_stopped_so_is_the_edit(site, photo, tmp_path):
    with parent(site, photo, str(tmp_path / "out"), "stopped") as asking:
        eventually(lambda: children(site, "stopped"))
        asking.send_signal(signal.SIGINT)
        asking.wait(timeout=PATIENCE)
    eventually(lambda: children(site, "stopped")[0]["state_type"] in {"CANCELLED", "CANCELLING"})
    assert not list((tmp_path / "out").glob("*.json"))


def test_setting_up_again_changes_nothing_and_queues_have_their_order(site):
    subprocess.run([sys.executable, "-m", "deployments.setup"], env=site.environment, cwd=ROOT, check=True, timeout=120)
    for name, pool in pools().items():
        queues = httpx.post(f"{site.api}/work_pools/{name}/queues/filter", json={}, timeout=10).json()
        found = {queue["name"]: queue["priority"] for queue in queues}
        assert [name for name, _ in sorted(found.items(), key=lambda item: item[1])] == list(pool.queues)
        assert httpx.get(f"{site.api}/work_pools/{name}", timeout=10).json()["concurrency_limit"] == pool.concurrency
