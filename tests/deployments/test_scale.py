"""Several Prefect servers at once: PostgreSQL and Redis hold the state, so it does not matter which is asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import yaml
from PIL import Image

from tests.deployments.composed import services
from tests.deployments.stack import MISSING, Stack, answers, standing

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs PostgreSQL and Redis; missing: {', '.join(MISSING)}")
PATIENCE = 90.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with standing() as running:
        yield running


@pytest.fixture(scope="module")
def drop(stack) -> Path:
    """An inbox with a recipe and, arrived long ago, one picture."""
    place: Path = stack.folder / "drop"
    (place / "inbox" / "warm").mkdir(parents=True)
    (place / "recipes").mkdir()
    (place / "recipes" / "warm.yaml").write_text(yaml.safe_dump({"prompt": "Give it a warm look"}))
    picture = place / "inbox" / "warm" / "photo.png"
    Image.effect_mandelbrot((200, 160), (-2, -1.2, 0.8, 1.2), 60).convert("RGB").save(picture)
    os.utime(picture, (1_700_000_000, 1_700_000_000))  # nothing to wait for: nobody is still writing it
    return place


def submit(stack: Stack, server: str, picture: Path) -> str:
    api = stack.api(server)
    deployment = httpx.get(f"{api}/deployments/name/edit-image/edit-image", timeout=10).raise_for_status().json()
    request = {"image": str(picture), "prompt": "Give it a warm look"}
    made = httpx.post(
        f"{api}/deployments/{deployment['id']}/create_flow_run",
        json={"parameters": {"request": request}, "state": {"type": "SCHEDULED"}},
        timeout=10,
    )
    run: str = made.raise_for_status().json()["id"]
    return run


def runs(stack: Stack, server: str, flow: str) -> dict[str, str]:
    """State of every run of that flow, by the account of one server."""
    asked = {"flows": {"name": {"any_": [flow]}}}
    found = httpx.post(f"{stack.api(server)}/flow_runs/filter", json=asked, timeout=10).raise_for_status().json()
    return {run["id"]: run["state_name"] for run in found}


def wait_until(stack: Stack, flow: str, wanted: int) -> None:
    until = time.monotonic() + PATIENCE
    while [*runs(stack, "first", flow).values()].count("Completed") < wanted:
        logs = "".join(f"\n--- {name}\n{stack.said(name)[-1500:]}" for name in ("services", "gpu", "cpu"))
        assert time.monotonic() < until, f"{runs(stack, 'first', flow)}{logs}"
        time.sleep(0.5)


def test_edits_asked_of_either_server_are_done_and_both_know_it(stack, drop):
    asked = {submit(stack, server, drop / "inbox" / "warm" / "photo.png") for server in ("first", "second")}
    wait_until(stack, "edit-image", len(asked))
    assert (
        runs(stack, "first", "edit-image") == runs(stack, "second", "edit-image") == dict.fromkeys(asked, "Completed")
    )


def test_an_event_told_to_one_server_starts_a_run_exactly_once(stack, drop):
    picture = drop / "inbox" / "warm" / "photo.png"
    event = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "edit-flows.object.created",
        "resource": {"prefect.resource.id": str(picture)},
    }
    for server in ("second", "first"):  # told twice, as stores do
        httpx.post(f"{stack.api(server)}/events", json=[event], timeout=10).raise_for_status()
    wait_until(stack, "process-object", 1)
    assert len(runs(stack, "second", "process-object")) == 1
    assert list((drop / "outputs" / "warm").glob("*.json"))


@pytest.mark.parametrize("service", [name for name, said in services().items() if "healthcheck" in said])
def test_the_health_checks_of_compose_say_that_all_is_well(stack, service):
    assert stack.healthy(service)


def test_the_api_gives_a_checked_picture_made_by_a_worker(stack, drop):
    key = {"Authorization": f"Bearer {stack.values['API_KEY']}"}
    url = f"http://127.0.0.1:{stack.ports['api']}"
    photo = {"file": (drop / "inbox" / "warm" / "photo.png").read_bytes()}
    asked = {"prompt": "Give it a sepia look"}
    assert httpx.post(f"{url}/edit", data=asked, files=photo, timeout=10).status_code == 401
    answer = httpx.post(f"{url}/edit", data=asked, files=photo, headers=key, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text


def test_the_other_roles_start_with_their_command_lines(stack):
    stack.start("recover", "recover", server="second")
    stack.start("events", "events", server="second")
    stack.start("sampler", "sampler", server="second")
    stack.wait("events", lambda: answers(f"http://127.0.0.1:{stack.ports['events']}/health"))
    assert all(process.poll() is None for name, process in stack.running.items() if name not in {"migrate", "setup"})


def test_a_health_check_notices_that_a_part_is_gone(stack):
    stack.running["gpu"].terminate()
    stack.running["gpu"].wait(timeout=120)
    assert not stack.healthy("gpu")
