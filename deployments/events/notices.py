"""What stores send when an object was written, told apart and reduced to where it lies. Nothing in it is trusted."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.domain.errors import RequestError
from tasks.domain.models import Frozen

MAX_BYTES = 4 * 2**20
"""Largest message; SeaweedFS lists the chunks of a file, about 200 bytes for each 4 MB."""
BUCKETS = "/buckets/"
"""Where SeaweedFS keeps its buckets."""


class Notice(Frozen):
    """One object that was written, by the account of its store."""

    bucket: Annotated[str, Field(min_length=1, max_length=255)]
    key: Annotated[str, Field(min_length=1, max_length=1024)]
    etag: Annotated[str, Field(max_length=255)] = ""

    @property
    def uri(self) -> str:
        """Where it lies."""
        return f"s3://{self.bucket}/{self.key}"


class _Foreign(BaseModel):
    """Somebody else's format: only what is read of it is named."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Bucket(_Foreign):
    name: str


class _Object(_Foreign):
    key: str
    etag: str = Field(default="", alias="eTag")


class _S3(_Foreign):
    bucket: _Bucket
    object: _Object


class _Record(_Foreign):
    event: str = Field(alias="eventName")
    s3: _S3


class _Records(_Foreign):
    """S3 and MinIO. Keys are URL-encoded, a blank as +."""

    records: tuple[_Record, ...] = Field(alias="Records")


class _Entry(_Foreign):
    name: str
    is_directory: bool = False
    extended: dict[str, str] = Field(default_factory=dict)


class _Change(_Foreign):
    entry: _Entry | None = Field(default=None, alias="new_entry")
    folder: str = Field(default="", alias="new_parent_path")


class _Seaweed(_Foreign):
    """SeaweedFS's filer. Keys are plain; folders are told of as well."""

    event: str = Field(alias="event_type")
    message: _Change


def read_notices(body: bytes) -> tuple[Notice, ...]:
    """The objects a message says were written: none for test messages, removals and folders.

    Raises `RequestError` for what is none of the formats of S3, MinIO or SeaweedFS.
    """
    content = _parsed(body)
    try:
        if "Records" in content:
            records = _Records.model_validate(content).records
            return tuple(_of_s3(record.s3) for record in records if "ObjectCreated" in record.event)
        if content.get("Event") == "s3:TestEvent":
            return ()
        if "event_type" in content:
            return _of_seaweed(_Seaweed.model_validate(content).message)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RequestError(f"the message cannot be used: {where}: {first['msg']}") from None
    raise RequestError(f"the message is none of S3's, MinIO's or SeaweedFS's; it has {sorted(content)[:10]}")


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise RequestError(f"the message has {len(body)} bytes: the limit is {MAX_BYTES}")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as broken:
        raise RequestError(f"the message is not JSON ({broken})") from None
    if not isinstance(content, dict):
        raise RequestError(f"the message holds {type(content).__name__}, not an object")
    return content


def _of_s3(found: _S3) -> Notice:
    try:
        key = unquote_plus(found.object.key, errors="strict")
    except UnicodeDecodeError as broken:
        raise RequestError(f"the message names {found.object.key!r}, which does not decode as UTF-8") from broken
    return Notice(bucket=found.bucket.name, key=key, etag=found.object.etag.strip('"'))


def _of_seaweed(change: _Change) -> tuple[Notice, ...]:
    path = f"{change.folder}/{change.entry.name}" if change.entry else ""
    if change.entry is None or change.entry.is_directory or not path.startswith(BUCKETS):
        return ()
    bucket, _, key = path.removeprefix(BUCKETS).partition("/")
    try:
        etag = base64.b64decode(change.entry.extended.get("Seaweed-X-Amz-ETag", ""), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        etag = ""
    return (Notice(bucket=bucket, key=key, etag=etag),)
