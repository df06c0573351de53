"""A real S3 server on loopback: SeaweedFS from its wheel, once per session, stopped by its own process handle."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from s3fs import S3FileSystem

BUCKET = "outbox"
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "localsecret"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory) -> Iterator[str]:
    """URL of the server, ready, with one empty bucket."""
    folder = tmp_path_factory.mktemp("seaweed")
    # weed serves gRPC at port + 10000, so the ports it gets must leave room for that
    ports = {name: free_port() % 20000 + 20000 for name in ("s3", "master", "volume", "filer", "admin")}
    command = [
        str(Path(sys.executable).parent / "weed"),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-bucket={BUCKET}",
        "-master.telemetry=false",
        "-master.telemetry.url=http://127.0.0.1:1/",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    endpoint = f"http://127.0.0.1:{ports['s3']}"
    with (
        (folder / "weed.log").open("wb") as log,
        subprocess.Popen(command, env=os.environ | KEYS, stdout=log, stderr=log, cwd=folder) as server,
    ):
        try:
            _wait_until_ready(endpoint, server, folder / "weed.log")
            yield endpoint
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_until_ready(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"{endpoint}/healthz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the S3 server did not start: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture
def s3(s3_endpoint, monkeypatch) -> str:
    """Prefix in a bucket of the real server, reachable through the standard AWS environment."""
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    S3FileSystem.clear_instance_cache()  # clients remember the environment they were made in
    return f"s3://{BUCKET}/run-{time.monotonic_ns()}"


@pytest.fixture(params=["local", "s3"])
def base(request, tmp_path) -> str:
    """Where to write: a local folder and a bucket in turn."""
    return str(tmp_path / "out") if request.param == "local" else request.getfixturevalue("s3")
