from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.events.notices import MAX_BYTES, Notice, read_notices
from tasks.domain.errors import RequestError


def s3(key: str, event: str = "ObjectCreated:Put", **more: object) -> dict[str, object]:
    return {"eventName": event, "s3": {"bucket": {"name": "drop"}, "object": {"key": key, "eTag": "abc", **more}}}


def told(*records: object) -> bytes:
    return json.dumps({"Records": records}).encode()


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("inbox/v/photo+1.png", "inbox/v/photo 1.png"),
        ("inbox%2Fv%2Fphoto.png", "inbox/v/photo.png"),
        ("inbox/v/%EC%82%AC%EC%A7%84+1%2B.png", "inbox/v/사진 1+.png"),
        ("inbox/v/50%25%2520.png", "inbox/v/50%%20.png"),
        ("inbox/v/a%252Fb.png", "inbox/v/a%2Fb.png"),
    ],
)
def test_keys_of_s3_are_decoded_exactly_once(sent, key):
    assert read_notices(told(s3(sent))) == (Notice(bucket="drop", key=key, etag="abc"),)


def test_minio_says_the_same_with_its_own_prefix():
    (notice,) = read_notices(
        json.dumps(
            {"EventName": "s3:ObjectCreated:Put", "Key": "drop/a", "Records": [s3("a", "s3:ObjectCreated:Put")]}
        ).encode()
    )
    assert notice.uri == "s3://drop/a"


@pytest.mark.parametrize(
    "body",
    [
        b'{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drop"}',
        told(),
        told(s3("a.png", "ObjectRemoved:Delete")),
        b'{"event_type": "delete", "key": "/buckets/drop/a", "message": {"old_entry": {"name": "a"}}}',
        b'{"event_type": "create", "key": "/etc/a", "message": {"new_entry": {"name": "a"}}}',
    ],
)
def test_tests_removals_and_what_lies_in_no_bucket_announce_nothing(body):
    assert read_notices(body) == ()


def test_seaweedfs_tells_of_files_plainly_and_of_folders_which_are_left_out():
    message: dict[str, Any] = {
        "event_type": "rename",
        "key": "/buckets/drop/old.png",
        "message": {
            "old_entry": {"name": "old.png"},
            "new_entry": {"name": "사진 1+%2F.png", "extended": {"Seaweed-X-Amz-ETag": "NWQ0MQ=="}},
            "new_parent_path": "/buckets/drop/inbox/v",
        },
    }
    assert read_notices(json.dumps(message).encode()) == (
        Notice(bucket="drop", key="inbox/v/사진 1+%2F.png", etag="5d41"),
    )
    message["message"]["new_entry"]["is_directory"] = True
    assert read_notices(json.dumps(message).encode()) == ()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "holds list"),
        (b'{"hello": 1}', "none of S3's"),
        (b'{"Records": "all"}', "Records"),
        (b'{"Records": [{"eventName": "ObjectCreated:Put"}]}', "Records.0.s3: Field required"),
        (told(s3("")), "key"),
        (told(s3("x" * 2000)), "key"),
        (told(s3("%FF")), "decode"),
        (b" " * (MAX_BYTES + 1), "limit"),
        (b'{"event_type": "create", "message": []}', "message"),
    ],
)
def test_what_is_no_notification_is_refused_saying_why(body, why):
    with pytest.raises(RequestError, match=why):
        read_notices(body)
