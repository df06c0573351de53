"""What lies in a folder or below a bucket prefix: names, sizes and etags, nothing opened.

Keys are taken literally: never URL-decoded, never normalised. Local links are reported, never followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tasks.domain.errors import RequestError
from tasks.storage import files
from tasks.storage.bounds import ensure_within

CLOSED = datetime.fromtimestamp(0, UTC)
"""When a folder that cannot be listed was last written: nobody knows."""


class Entry(NamedTuple):
    """One file or object."""

    uri: str
    key: str
    """Its name relative to what was listed."""
    size: int
    etag: str
    """Changes when the content does: S3's own; locally of size, time of change and inode."""
    changed: datetime
    """When it was last written, by the clock of the place it lies at."""
    trouble: str = ""
    """Why it cannot be read as a file; empty for files."""


def ensure_there(base: str) -> None:
    """Return for folders that exist and for buckets, which tell when they are listed; raises `RequestError` else."""
    ensure_within(base)
    if not base.startswith("s3://") and not Path(base).is_dir():
        raise RequestError(f"there is no folder {base!r}: create it, or correct the path")


def under(base: str, prefix: str = "") -> Iterator[Entry]:
    """Everything below `base` at any depth whose key begins with `prefix`; nothing when `base` does not exist.

    Raises `RequestError` when it cannot be listed, `TransientError` when the store is unwell.
    """
    ensure_within(base)
    if base.startswith("s3://"):
        yield from _objects(base, prefix)
    else:
        yield from _files_below(base, "", prefix)


def look(uri: str) -> Entry | None:
    """The entry of one file or object as it is now (its key is its name); None when there is none."""
    ensure_within(uri)
    if not uri.startswith("s3://"):
        return _entry(Path(uri), Path(uri).name)
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with files.faults(uri, RequestError):
        try:
            head = files.bucket_client().call_s3("head_object", Bucket=bucket, Key=key)
        except FileNotFoundError:
            return None
    return _object(uri, key.rpartition("/")[2], head | {"Size": head["ContentLength"]})


def _objects(base: str, prefix: str) -> Iterator[Entry]:
    bucket, _, folder = base.removeprefix("s3://").partition("/")
    root = f"{folder}/" if folder else ""
    more: dict[str, str] = {}
    while True:
        with files.faults(base, RequestError):
            page = files.bucket_client().call_s3("list_objects_v2", Bucket=bucket, Prefix=root + prefix, **more)
        for found in page.get("Contents", ()):
            yield _object(f"s3://{bucket}/{found['Key']}", found["Key"].removeprefix(root), found)
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _object(uri: str, key: str, found: dict[str, Any]) -> Entry:
    return Entry(uri, key, found["Size"], found["ETag"].strip('"'), found["LastModified"])


def _files_below(base: str, folder: str, prefix: str) -> Iterator[Entry]:
    """Entries of one folder, sorted, then of those below it."""
    here = Path(base, folder)
    try:
        names = sorted(os.listdir(here))  # noqa: PTH208  names, before anything can fail on one of them
    except FileNotFoundError:
        return
    except OSError as closed:
        if not folder:
            raise RequestError(f"cannot list {str(here)!r}: {closed.strerror}; check the path") from closed
        yield Entry(_printable(str(here)), _printable(folder), 0, "", CLOSED, f"it cannot be listed: {closed.strerror}")
        return
    for name in names:
        key = f"{folder}/{name}" if folder else name
        if not (key.startswith(prefix) or prefix.startswith(f"{key}/")):
            continue
        path = here / name
        if path.is_dir() and not path.is_symlink():
            yield from _files_below(base, key, prefix)
        elif entry := _entry(path, key):
            yield entry


def _entry(path: Path, key: str) -> Entry | None:
    try:
        found = path.lstat()
    except (OSError, ValueError):  # gone meanwhile, or no possible name
        return None
    if stat.S_ISDIR(found.st_mode):
        return None
    trouble = "" if stat.S_ISREG(found.st_mode) else "it is a link, a device or a pipe: put the file itself there"
    if (named := _printable(str(path))) != str(path):
        trouble = "its name is not UTF-8: rename it"
    etag = f"{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ino:x}"
    # st_ctime, unlike st_mtime, cannot be set by whoever copies the file here
    changed = datetime.fromtimestamp(found.st_ctime, UTC)
    return Entry(named, _printable(key), found.st_size, etag, changed, trouble)


def _printable(name: str) -> str:
    """A file name as text, bytes that are none spelled out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
