"""The queue listener against moto's S3 and SQS: real notifications, over HTTP on loopback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from deployments.events.sqs import Queue, drain
from tasks.domain.errors import ServerError
from tasks.inboxes import inboxes

moto_server = pytest.importorskip("moto.server")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "localsecret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A moto server on a free port."""
    server = moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Site:
    """A bucket that tells a queue of its new objects."""

    def __init__(self, name: str) -> None:
        session = get_session()
        self.sqs: Any = session.create_client("sqs")
        self.s3: Any = session.create_client("s3")
        self.bucket = name
        self.queue = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_notification_configuration(
            Bucket=name,
            NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
        )

    def put(self, key: str, body: bytes = b"x") -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def left(self) -> int:
        """Messages in the queue, handed out or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())


@pytest.fixture
def site(endpoint, monkeypatch, request) -> Iterator[Site]:
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    made = Site(f"drop-{abs(hash(request.node.name))}")
    monkeypatch.setenv("EDIT_FLOWS_INBOX", f"s3://{made.bucket}/team")
    inboxes.cache_clear()
    yield made
    inboxes.cache_clear()


def emptied(site: Site) -> list[str]:
    """Keys announced until the queue is empty."""
    said: list[str] = []
    queue = Queue(site.queue)
    while drain(queue, lambda notices: said.extend(notice.key for notice in notices), wait=0).received:
        pass
    return said


def test_objects_are_announced_under_their_own_names_and_the_queue_is_empty_afterwards(site):
    names = [
        "team/inbox/v/사진 1.png",
        "team/inbox/v/照片+a.png",
        "team/inbox/v/50%2F50 #1.png",
        "team/inbox/v/a b.png",
    ]
    for name in names:
        site.put(name)
    assert sorted(emptied(site)) == sorted(names)
    assert site.left() == 0


def test_the_message_a_store_sends_first_has_no_records_and_is_taken_away(site):
    assert site.left() == 1
    assert emptied(site) == []
    assert site.left() == 0


def test_a_multipart_upload_that_is_told_of_twice_is_announced_under_one_name(site):
    emptied(site)
    key = "team/inbox/v/big.png"
    upload = site.s3.create_multipart_upload(Bucket=site.bucket, Key=key)["UploadId"]
    part = site.s3.upload_part(Bucket=site.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"x" * 5_000_000)
    done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    site.s3.complete_multipart_upload(Bucket=site.bucket, Key=key, UploadId=upload, MultipartUpload=done)
    assert site.left() == 2
    assert set(emptied(site)) == {key}


def test_what_lies_in_no_inbox_that_is_served_is_taken_away_unannounced(site, caplog):
    for key in (
        "team/outputs/v/a.png",
        "inbox/v/a.png",
        "team/inboxes/v/a.png",
        "team/inbox/v/.hidden",
        "team/inbox/v/",
    ):
        site.put(key)
    with caplog.at_level(logging.WARNING):
        assert emptied(site) == []
    assert site.left() == 0
    assert "lies in none of the inboxes" in caplog.text


def test_messages_stay_until_prefect_has_taken_the_event_and_then_come_again(site):
    emptied(site)
    site.put("team/inbox/v/a.png")

    def down(_):
        raise ServerError("no server")

    with pytest.raises(ServerError):
        drain(Queue(site.queue), down, wait=0)
    assert site.left() == 1
    deadline = time.monotonic() + 30  # the queue shows it again after its visibility timeout
    while not (again := emptied(site)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert again == ["team/inbox/v/a.png"]
    assert site.left() == 0


def test_a_message_that_cannot_be_read_stays_for_the_redrive_policy_and_holds_up_no_other(site, caplog):
    emptied(site)
    dead = site.sqs.create_queue(QueueName=f"{site.bucket}-dead")["QueueUrl"]
    arn = site.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert not Queue(site.queue).sets_aside()
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    site.sqs.set_queue_attributes(QueueUrl=site.queue, Attributes={"RedrivePolicy": policy})
    assert Queue(site.queue).sets_aside()
    site.sqs.send_message(QueueUrl=site.queue, MessageBody='{"poison": ')
    site.put("team/inbox/v/a.png")
    assert emptied(site) == ["team/inbox/v/a.png"]
    assert "cannot be used" in caplog.text
    time.sleep(1.1)
    assert emptied(site) == []
    assert site.left() == 0
    assert site.sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == '{"poison": '


def listener(site: Site, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deployments.events.sqs", "--queue", site.queue, "--once", "--wait", "0", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env=os.environ | environment,
        check=False,
        timeout=60,
    )


def test_the_command_refuses_a_queue_that_does_not_exist_in_one_line_and_tells_no_secret(site):
    site.queue += "-nowhere"
    done = listener(site)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert "check URL and credentials" in line
    assert "localsecret" not in done.stderr


def test_the_command_needs_an_inbox_to_serve(site):
    done = listener(site, EDIT_FLOWS_INBOX="")
    assert done.returncode == 1
    assert "EDIT_FLOWS_INBOX is empty" in done.stderr
