"""The S3 server of a campaign that is run by hand; under pytest the session's own serves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import weed


@contextmanager
def bucket_server(folder: Path) -> Iterator[None]:
    """A block in which the AWS environment leads to a real server with its data in `folder`."""
    at = weed.ports()
    endpoint = f"http://127.0.0.1:{at['s3']}"
    os.environ.update(weed.KEYS | {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"})
    log = folder / "weed.log"
    with log.open("wb") as told, subprocess.Popen(weed.command(folder, at), stdout=told, stderr=told, cwd=folder) as up:
        try:
            weed.wait_until_ready(endpoint, up, log)
            yield
        finally:
            up.terminate()
            up.wait(30)
