"""Files by URI, local paths and s3:// alike, written whole or not at all.

Credentials and endpoint of S3 come from the standard AWS environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION). Plain paths are never URL-decoded: a file may be called "50% #1.png".
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tasks.domain.errors import ImageError, OutputError, RequestError, TransientError
from tasks.storage.bounds import ensure_within

if TYPE_CHECKING:
    from s3fs import S3FileSystem

MAX_BYTES = 512 * 2**20
"""Largest file read; 128 megapixels of uncompressed RGBA are just that."""

REFUSED = {
    *("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "403", "InvalidBucketName"),
    *("InvalidRequest", "InvalidArgument", "InvalidURI", "KeyTooLongError"),  # of keys that are none
}
"""S3 error codes that no retry mends."""

TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
"""S3 error codes of a conditional put that lost."""


def join(base: str, *parts: str) -> str:
    """`base` with `parts` below it, one slash between each."""
    return "/".join([base.rstrip("/") or base, *parts])


def read(uri: str) -> bytes:
    """The bytes of a file. Raises `ImageError` when it cannot be read, `TransientError` when the store is unwell."""
    if not _is_s3(uri):
        return _read_local(uri)
    store = bucket_client()
    with faults(uri, ImageError):
        size = store.info(uri)["size"]
        if size > MAX_BYTES:
            raise _too_large(uri, size)
        data: bytes = store.cat_file(uri)
    return data


def lines(uri: str) -> Iterator[str]:
    """The lines of a UTF-8 text file, read as they are wanted. Raises `RequestError` when it is none."""
    try:
        if not _is_s3(uri):
            with Path(uri).open(encoding="utf-8-sig", newline="") as text:
                yield from text
            return
        with faults(uri, RequestError), bucket_client().open(uri, "rb") as data:
            yield from io.TextIOWrapper(data, encoding="utf-8-sig", newline="")
    except UnicodeDecodeError as broken:
        raise RequestError(f"{uri!r} is not UTF-8 text ({broken.reason}): save it as UTF-8") from broken
    except OSError as unreadable:
        raise RequestError(f"cannot read {uri!r}: {unreadable.strerror or unreadable}; check the path") from unreadable


def exists(uri: str) -> bool:
    """True when there is a file of that name."""
    if not _is_s3(uri):
        return Path(uri).is_file()
    with faults(uri, OutputError):
        return bool(bucket_client().exists(uri))


def write_once(uri: str, data: bytes) -> bool:
    """Write a file that is not there yet: True when this call made it, False when it was there already.

    Whatever happens in between, no part of a file is ever visible, and of several writers exactly one gets True.
    """
    return _put_s3(uri, data) if _is_s3(uri) else _put_local(Path(uri), data)


def replace(uri: str, data: bytes) -> None:
    """Write a file whether or not it is there: whoever reads it sees all of the old or all of the new content."""
    if _is_s3(uri):
        with faults(uri, OutputError):
            bucket_client().pipe_file(uri, data)
        return
    with _written(Path(uri), data) as part:
        part.replace(uri)


def delete(uri: str) -> None:
    """Remove a file; nothing happens when it is not there."""
    if not _is_s3(uri):
        Path(uri).unlink(missing_ok=True)
        return
    with faults(uri, OutputError), suppress(FileNotFoundError):
        bucket_client().rm_file(uri)


def renew(uri: str) -> None:
    """Make an object of a bucket as young as if it had just been written."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with faults(uri, OutputError):
        bucket_client().call_s3(
            "copy_object",
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            MetadataDirective="REPLACE",
        )


def ensure_writable(base: str) -> None:
    """Return when files can be written below `base`, leaving nothing behind; raises `OutputError` otherwise."""
    if base.rstrip("/") == "s3:":
        raise OutputError(f"cannot write to {base!r}: name a bucket, as in s3://outbox/folder")
    probe = join(base, ".writable")  # always the same: what a run killed here leaves, its next start removes
    existing = None if _is_s3(base) else _nearest_folder(Path(base))
    write_once(probe, b"")
    delete(probe)
    if existing is not None:
        _remove_empty(Path(base), until=existing)


def _is_s3(uri: str) -> bool:
    scheme, separator, _ = uri.partition("://")
    if separator and scheme not in {"s3", "file"}:
        raise RequestError(f"cannot open {uri!r}: use a local path or s3://bucket/key")
    if scheme == "file" and separator:
        raise RequestError(f"cannot open {uri!r}: give local files as plain paths, without file://")
    ensure_within(uri)
    return bool(separator)


def _read_local(path: str) -> bytes:
    try:
        size = Path(path).stat().st_size
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise ImageError(f"{path!r} is a device or a pipe: give a picture in a file")
        if size > MAX_BYTES:
            raise _too_large(path, size)
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ImageError(f"{path!r} does not exist: check the path") from None
    except IsADirectoryError:
        raise ImageError(f"{path!r} is a folder: give one picture") from None
    except (OSError, ValueError) as unreadable:
        raise ImageError(f"{path!r} cannot be read: {unreadable}") from unreadable


def _too_large(uri: str, size: int) -> ImageError:
    return ImageError(f"{uri!r} has {size / 2**20:.0f} MiB: the limit is {MAX_BYTES / 2**20:.0f}")


def _put_local(path: Path, data: bytes) -> bool:
    """A temporary file in the same folder, then linked to its name: linking fails when it exists."""
    with _written(path, data) as part:
        try:
            path.hardlink_to(part)
        except FileExistsError:
            if path.is_dir():
                raise
            return False  # it was there, even if it has been removed since
    return True


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """A temporary file in the folder of `path` that holds `data`, flushed to disk; gone when the block ends.

    Raises `OutputError` when it, or what the block does with it, cannot be written.
    """
    part = path.parent / f".{uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield part
    except FileExistsError:
        raise OutputError(f"cannot write {str(path)!r}: {str(path.parent)!r} is not a folder") from None
    except (OSError, ValueError) as unwritable:
        raise OutputError(f"cannot write {str(path)!r}: {unwritable}; choose another output") from unwritable
    finally:
        with suppress(OSError, ValueError):
            part.unlink()


def _nearest_folder(path: Path) -> Path:
    """`path` or the closest of its parents that exists."""
    try:
        return next(folder for folder in (path, *path.parents) if folder.exists())
    except (OSError, ValueError) as impossible:  # a name too long, or with a NUL in it
        raise OutputError(f"cannot write to {str(path)!r}: {impossible}; choose another output") from impossible


def _remove_empty(folder: Path, *, until: Path) -> None:
    """Remove `folder` and its parents up to `until`, as far as they are empty."""
    while folder != until:
        with suppress(OSError):
            folder.rmdir()
        folder = folder.parent


def bucket_client() -> S3FileSystem:
    """The S3 client of this process: no listing cache, so that what others wrote is seen; gives up within a minute."""
    from s3fs import S3FileSystem  # noqa: PLC0415  local work does without it

    return S3FileSystem(
        use_listings_cache=False,
        config_kwargs={
            "signature_version": "s3v4",
            "connect_timeout": 5,
            "read_timeout": 60,
            "retries": {"max_attempts": 2, "mode": "standard"},
        },
    )


def _put_s3(uri: str, data: bytes) -> bool:
    """A put that succeeds only when the key is free (If-None-Match: *)."""
    try:
        with faults(uri, OutputError):
            bucket_client().pipe_file(uri, data, mode="create")
    except FileExistsError:
        return False
    return True


@contextmanager
def faults(uri: str, refusal: type[RequestError]) -> Iterator[None]:
    """Translate what S3 answers: a lost race to FileExistsError, refusals to `refusal`, others to `TransientError`."""
    from botocore.exceptions import (  # noqa: PLC0415  local work does without it
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
        ProfileNotFound,
    )

    settings = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, ParamValidationError, ValueError)

    try:
        yield
    except (FileExistsError, RequestError):
        raise
    except (FileNotFoundError, PermissionError, *settings) as refused:
        raise refusal(f"cannot open {uri!r}: {refused or 'not found'}; check name and credentials") from refused
    except (OSError, ClientError, BotoCoreError, TimeoutError) as fault:
        code = _code(fault)
        if code in TAKEN:
            raise FileExistsError(uri) from fault
        if code in REFUSED:
            raise refusal(f"cannot open {uri!r}: {code}; check bucket and credentials") from fault
        raise TransientError(f"{uri!r}: the store answered {code or fault!r}; it may work again later") from fault


def _code(fault: BaseException) -> str:
    """The S3 error code behind an error of s3fs or botocore; empty when there is none (no connection, a timeout)."""
    seen: BaseException | None = fault
    while seen is not None:
        response: dict[str, Any] = getattr(seen, "response", None) or {}
        if code := response.get("Error", {}).get("Code"):
            return str(code)
        seen = seen.__cause__
    return ""
