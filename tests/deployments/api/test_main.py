from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest
from prefect.settings import PREFECT_API_URL

from deployments.api.__main__ import main
from tests.deployments.api.running import PATIENCE, ROOT


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["--host", "0.0.0.0"], {}, "EDIT_FLOWS_API_KEYS"),
        (["--port", "99999"], {}, "port"),
        ([], {"EDIT_FLOWS_API_KEYS": "anna:short"}, "16 plain characters"),
        ([], {"EDIT_FLOWS_API_QUEUE": "none"}, "EDIT_FLOWS_API_QUEUE"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(capsys, monkeypatch, arguments, variables, said) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert main(arguments) == 1

    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_prefect_server_without_the_deployment_is_said_in_one_line(prefect_server, capsys, monkeypatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value() or "")

    assert main(["--port", "0"]) == 1

    error = capsys.readouterr().err
    assert "python -m deployments.setup" in error
    assert error.count("\n") == 1


def test_alone_it_starts_a_prefect_server_and_takes_it_along_when_it_is_stopped(tmp_path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EDIT_FLOWS_", "PREFECT_"))}
    environment = own | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "EDIT_FLOWS_OUTPUT": str(tmp_path / "outputs"),
    }
    command = [sys.executable, "-m", "deployments.api", "--port", "0", "--here", "1"]
    log = tmp_path / "log"
    with log.open("wb") as told, subprocess.Popen(command, env=environment, cwd=ROOT, stdout=told, stderr=told) as api:
        until = time.monotonic() + PATIENCE
        while not (found := re.search(r"ready: (http://[^/]+)/docs, runs: (http://\S+)", log.read_text())):
            assert api.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        assert httpx.get(f"{found[1]}/health", timeout=10).json()["where"] == "here"
        assert httpx.get(found[2], timeout=10, follow_redirects=True).is_success
        api.send_signal(signal.SIGTERM)
        assert api.wait(60) == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(found[2], timeout=2)
