"""SeaweedFS from its wheel: a real S3 server on loopback, started with these words."""

from __future__ import annotations

import random
import socket
import sys
import time
from pathlib import Path
from subprocess import Popen
from urllib.error import URLError
from urllib.request import urlopen

BUCKET = "outbox"
PARTS = ("s3", "master", "volume", "filer", "admin")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "localsecret"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def ports() -> dict[str, int]:
    """One for each of its parts, free as the one 10,000 above it is, where it serves gRPC.

    All are below those that systems hand out by themselves (from 32,768 on), so that nobody is given one meanwhile.
    """
    free: set[int] = set()
    while len(free) < len(PARTS):
        port = random.randrange(12_000, 22_000)
        if _is_free(port) and _is_free(port + 10_000):
            free.add(port)
    return dict(zip(PARTS, free, strict=True))


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def command(folder: Path, at: dict[str, int]) -> list[str]:
    """The server with an empty bucket in `folder`; it reports to nobody."""
    return [
        str(Path(sys.executable).parent / "weed"),
        "mini",
        *(f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={BUCKET}"),
        *("-master.telemetry=false", "-master.telemetry.url=http://127.0.0.1:1/", "-webdav=false"),
        *("-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name}.port={port}" for name, port in at.items()),
    ]


def wait_until_ready(endpoint: str, server: Popen[bytes], log: Path) -> None:
    """Return when it answers. Raises `RuntimeError` with the end of its log when it does not."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"{endpoint}/healthz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the S3 server did not start: {log.read_text(errors='replace')[-2000:]}")
