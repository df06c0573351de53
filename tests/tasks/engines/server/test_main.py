import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.engines.server.__main__ import listen, main
from tests.tasks.engines.server.serving import PATIENCE, error_of, eventually, file_of, noise


@pytest.fixture
def start():
    """Starts the real server, ready; ends it if the test did not."""
    processes = []

    def run(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tasks.engines.server", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        processes.append(process)
        assert process.stdout
        assert process.stderr
        line = process.stdout.readline()
        found = re.fullmatch(r"ready: .+ at (http://127\.0\.0\.1:\d+)/v1\n", line)
        assert found, line + process.stderr.read()
        return process, found[1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def test_the_server_starts_edits_and_stops_at_a_signal(start):
    process, url = start("--engine", "classical", EDIT_FLOWS_SERVER_TOKEN="secret")
    headers = {"Authorization": "Bearer secret"}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as http:
        assert http.get("/health").json()["engine"]["name"] == "classical"
        sent: dict[str, Any] = {
            "data": {"prompt": "사진을 밝게 해줘"},
            "files": {"image": ("여름.png", file_of(noise()))},
        }
        assert http.post("/v1/images/edits", **sent).status_code == 200
        assert http.post("/v1/images/edits", headers={"Authorization": ""}, **sent).status_code == 401
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "")
    assert err == "stopping: the running edit is finished, what waits is refused\n"


def test_a_signal_lets_the_running_edit_finish_and_refuses_what_waits(start):
    process, url = start("--engine", "classical")
    slow: dict[str, Any] = {
        "data": {"prompt": "Make it a watercolour painting"},
        "files": {"image": file_of(noise(1200, 900))},
    }
    answers: dict[str, httpx.Response] = {}

    def ask(name: str) -> None:
        answers[name] = httpx.post(f"{url}/v1/images/edits", timeout=60, **slow)

    def queue() -> dict[str, int]:
        found: dict[str, int] = httpx.get(f"{url}/health").json()["queue"]
        return found

    running, waiting = (threading.Thread(target=ask, args=(name,)) for name in ("running", "waiting"))
    running.start()
    eventually(lambda: queue()["running"] == 1)
    waiting.start()
    eventually(lambda: queue()["waiting"] == 1)
    process.send_signal(signal.SIGTERM)
    waiting.join()
    assert error_of(answers["waiting"])["code"] == "shutting_down"
    assert httpx.get(f"{url}/health").json()["status"] == "stopping"
    running.join()
    assert answers["running"].status_code == 200
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_without_time_of_grace_the_running_edit_is_cancelled(start):
    process, url = start("--engine", "classical", "--grace", "0")
    several = "Make it a watercolour painting, brighten the picture, blur the background and make the background blue"
    slow: dict[str, Any] = {"data": {"prompt": several, "n": "10"}, "files": {"image": file_of(noise(600, 450))}}
    answers: list[httpx.Response] = []
    running = threading.Thread(target=lambda: answers.append(httpx.post(f"{url}/v1/images/edits", timeout=60, **slow)))
    running.start()
    eventually(lambda: httpx.get(f"{url}/health").json()["queue"]["running"] == 1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    running.join()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert time.monotonic() - begun < 15
    assert error_of(answers[0])["code"] == "shutting_down"


def fails(capsys, *arguments: str) -> str:
    assert main(list(arguments)) == 1
    out: str
    err: str
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: [^\n]+\n", err)
    return err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org", ""])
def test_a_network_address_without_a_token_is_refused_with_the_remedy(capsys, monkeypatch, host):
    monkeypatch.delenv("EDIT_FLOWS_SERVER_TOKEN", raising=False)
    said = fails(capsys, "--host", host)
    assert "EDIT_FLOWS_SERVER_TOKEN" in said
    fails(capsys, "--host", host, "--token", "")


def test_unknown_engines_taken_ports_and_wrong_arguments_are_one_line_errors(capsys):
    assert "known: classical, qwen" in fails(capsys, "--engine", "magic")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in fails(capsys, "--port", str(port))
    assert "--port" in fails(capsys, "--port", "70000")
    assert "--queue" in fails(capsys, "--queue", "0")


def test_an_engine_that_cannot_be_loaded_as_things_are_set_ends_the_server(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "from tasks.domain.errors import SettingsError\n"
        "from tasks.engines.classical.engine import ClassicalEngine\n"
        "def refuse(self):\n    raise SettingsError('SOME_SETTING=7: choose another')\n"
        "ClassicalEngine.__init__ = refuse\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tasks.engines.server", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("error: SettingsError: SOME_SETTING=7: choose another")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_answers_are_sent_without_waiting_for_more(host):
    with listen(host, 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
