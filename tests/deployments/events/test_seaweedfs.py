"""SeaweedFS itself tells the receiver of what was put into its bucket."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import pytest
import uvicorn
from s3fs import S3FileSystem

from deployments.events.receiver import create_app
from tasks.inboxes import inboxes
from tests import weed

TOKEN = "a-long-secret"


@pytest.fixture
def told(monkeypatch):
    """What was announced; the bucket is served."""
    monkeypatch.setenv("EDIT_FLOWS_INBOX", f"s3://{weed.BUCKET}")
    inboxes.cache_clear()
    yield []
    inboxes.cache_clear()


@pytest.fixture
def receiver(told):
    """URL of a running receiver that wants a token."""
    port = weed.free_port()
    config = uvicorn.Config(create_app(told.extend, TOKEN), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{port}/events"
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def bucket(receiver, tmp_path):
    """Its bucket, in a store that tells the receiver."""
    (tmp_path / "notification.toml").write_text(
        f'[notification.webhook]\nenabled = true\nendpoint = "{receiver}"\nbearer_token = "{TOKEN}"\n'
        'backoff_seconds = 1\npath_prefixes = ["/buckets"]\n'
    )
    at = weed.ports()
    endpoint = f"http://127.0.0.1:{at['s3']}"
    log = tmp_path / "weed.log"
    (tmp_path / "data").mkdir()
    with (
        log.open("wb") as file,
        subprocess.Popen(
            weed.command(tmp_path / "data", at), env=os.environ | weed.KEYS, stdout=file, stderr=file, cwd=tmp_path
        ) as server,
    ):
        try:
            weed.wait_until_ready(endpoint, server, log)
            S3FileSystem.clear_instance_cache()
            yield S3FileSystem(
                key=weed.KEYS["AWS_ACCESS_KEY_ID"],
                secret=weed.KEYS["AWS_SECRET_ACCESS_KEY"],
                endpoint_url=endpoint,
                skip_instance_cache=True,
            )
        finally:
            server.terminate()
            server.wait(timeout=30)


def test_a_picture_put_into_its_bucket_is_announced_by_its_literal_name_and_etag(bucket, told):
    key = f"{weed.BUCKET}/inbox/v/사진 1+%2F.png"
    bucket.pipe_file(key, b"pixels")
    bucket.pipe_file(f"{weed.BUCKET}/elsewhere/a.png", b"pixels")
    until = time.monotonic() + 60
    while not told and time.monotonic() < until:
        time.sleep(0.1)
    assert {notice.uri for notice in told} == {f"s3://{key}"}
    assert {notice.etag for notice in told} <= {bucket.info(key)["ETag"].strip('"'), ""}
