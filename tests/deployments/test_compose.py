"""compose.yaml, with and without a card: valid, no secret in it, every name in it known."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from typing import Any

import httpx
import pytest
import yaml

from tests.deployments.composed import BIN, DEPLOYMENTS, ROOT, command, environment, services
from tests.deployments.names import unknown
from tests.weed import free_port

FILES = ["compose.yaml", "compose.cuda.yaml"]
SECRETS = {"POSTGRES_PASSWORD": "a", "REDIS_PASSWORD": "b", "ENGINE_TOKEN": "c", "API_KEY": "d" * 16}
OWN = {name: service for name, service in services().items() if service["image"].startswith("edit-flows")}


@pytest.mark.parametrize("name", FILES)
def test_it_is_valid_by_the_schema_of_compose(name):
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOYMENTS / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_passwords_have_no_default_and_what_is_published_is_published_on_loopback():
    text = (DEPLOYMENTS / "compose.yaml").read_text(encoding="utf-8")
    used = {name: said for name, said in re.findall(r"\$\{(\w*(?:PASSWORD|TOKEN|KEY)\b)(:?[-?]?[^}]*)\}", text) if said}
    assert set(used) == set(SECRETS)
    assert all(said.startswith(":?") for said in used.values())
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_misspelt_variable_is_found():
    assert unknown(["PREFECT_SERVER_DATABASE_HOST", "EDIT_FLOWS_OUTPUT"]) == set()
    assert unknown(["PREFECT_SERVER_DATABSE_HOST", "EDIT_FLOWS_OUTPUTS"]) == {
        "PREFECT_SERVER_DATABSE_HOST",
        "EDIT_FLOWS_OUTPUTS",
    }


@pytest.mark.parametrize("name", OWN)
def test_every_variable_of_our_services_is_one_that_somebody_reads(name):
    assert unknown(services()[name].get("environment", {})) == set()


@pytest.mark.parametrize("name", OWN)
def test_our_services_may_write_to_their_volumes_and_nowhere_else(name):
    service = services()[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_what_is_waited_for_can_be_waited_for():
    """A service that others want healthy says how to tell; one that they want completed is not started again."""
    for service in services().values():
        for name, said in service.get("depends_on", {}).items():
            if said["condition"] == "service_healthy":
                assert services()[name]["healthcheck"]["test"]
            elif said["condition"] == "service_completed_successfully":
                assert services()[name]["restart"] == "no"


def test_everything_that_goes_on_is_started_again_and_bounded():
    for name, service in services().items():
        if service["restart"] != "no":
            assert service["restart"] == "unless-stopped"
            assert service["deploy"]["resources"]["limits"]["memory"], name


def test_the_engine_takes_the_token_that_the_workers_show():
    assert environment(services()["engine"], SECRETS)["EDIT_FLOWS_SERVER_TOKEN"] == "c"
    for worker in ("gpu", "cpu"):
        assert environment(services()[worker], SECRETS)["EDIT_FLOWS_ENDPOINT_KEY"] == "c"


def test_with_a_card_the_engine_has_it_room_for_the_weights_and_somewhere_to_keep_them():
    engine: dict[str, Any] = services("compose.cuda.yaml")["engine"]
    (device,) = engine["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert int(engine["deploy"]["resources"]["limits"]["memory"].removesuffix("G")) > 64  # README: while loading
    assert "models:/models" in engine["volumes"]
    assert unknown(engine["environment"]) == set()
    shown = services()["engine"]["command"]
    assert [word if word != "classical" else "qwen" for word in shown] == engine["command"]


def test_volumes_are_declared():
    for name in FILES:
        whole = yaml.safe_load((DEPLOYMENTS / name).read_text(encoding="utf-8"))
        used = {volume.split(":")[0] for service in whole["services"].values() for volume in service.get("volumes", [])}
        assert used == set(whole["volumes"])


def test_the_command_for_a_card_loads_its_model_and_is_healthy_only_then(tmp_path):
    """With a tiny model of the same kind, on the processor: real weights and a card are not at hand."""
    from tests import checkpoints

    engine = services("compose.cuda.yaml")["engine"]
    port = free_port()
    here = {"0.0.0.0": "127.0.0.1", "8300": str(port)}
    own = {
        "EDIT_FLOWS_QWEN_WEIGHTS": str(checkpoints.build(tmp_path / "model", plus=True, zero_cond_t=True)),
        "EDIT_FLOWS_QWEN_DEVICE": "cpu",
        "EDIT_FLOWS_QWEN_AREA": "16384",
    }
    argv = command([here.get(word, word) for word in engine["command"]])
    said = (
        {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        | environment(engine, {"EDIT_FLOWS_SERVER_TOKEN": "c"})
        | own
    )
    with subprocess.Popen(
        argv, env=said, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            until = time.monotonic() + 120
            seen: set[int] = set()
            while 200 not in seen:
                assert server.poll() is None, server.stdout and server.stdout.read()
                assert time.monotonic() < until, seen
                with contextlib.suppress(httpx.HTTPError):
                    seen.add(httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code)
                time.sleep(0.1)
            assert seen == {503, 200}
        finally:
            server.terminate()
        assert server.wait(timeout=60) == 0
