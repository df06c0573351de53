"""What every test may rely on: one Prefect server and one S3 server per session, and nobody is told about test runs."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator

os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"

os.environ["EDIT_FLOWS_KEYS"] = tempfile.mkdtemp(prefix="edit-flows-keys-")  # not the keys of whoever runs the tests

import hypothesis
import pytest

from tests import nvml, weed

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")  # how long an example takes is nothing that a test says

atexit.register(shutil.rmtree, os.environ["EDIT_FLOWS_KEYS"], ignore_errors=True)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A Prefect server on loopback with its own database, started once (about ten seconds).

    Flows send it no heartbeats: stopping those costs up to a second at the end of every flow run.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory) -> Iterator[str]:
    """URL of a real S3 server, ready, with one empty bucket; stopped by its own process handle."""
    folder = tmp_path_factory.mktemp("seaweed")
    at = weed.ports()
    endpoint = f"http://127.0.0.1:{at['s3']}"
    with (
        (folder / "weed.log").open("wb") as log,
        subprocess.Popen(
            weed.command(folder, at), env=os.environ | weed.KEYS, stdout=log, stderr=log, cwd=folder
        ) as server,
    ):
        try:
            weed.wait_until_ready(endpoint, server, folder / "weed.log")
            yield endpoint
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture
def s3(s3_endpoint, monkeypatch) -> str:
    """Prefix in a bucket of the real server, reachable through the standard AWS environment."""
    from s3fs import S3FileSystem

    for key, value in weed.KEYS.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    S3FileSystem.clear_instance_cache()  # clients remember the environment they were made in
    return f"s3://{weed.BUCKET}/run-{time.monotonic_ns()}"


@pytest.fixture(params=["local", "s3"])
def base(request, tmp_path) -> str:
    """Where to write: a local folder and a bucket in turn."""
    return str(tmp_path / "out") if request.param == "local" else request.getfixturevalue("s3")


@pytest.fixture
def driver(monkeypatch) -> Iterator[nvml.Driver]:
    """The NVIDIA library as it answers on a machine with two GPUs."""
    yield from nvml.installed(monkeypatch)
