"""Results written as signed receipts, and read back."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import ValidationError

from tasks.domain.errors import OutputError
from tasks.domain.models import Frozen
from tasks.domain.results import EditResult
from tasks.provenance.sealing import sealed
from tasks.storage import files

M = TypeVar("M", bound=Frozen)


def receipt(record: M) -> tuple[M, bytes]:
    """The record, signed, and the file of it. Raises `SettingsError` without a usable key."""
    signed = sealed(record)
    return signed, signed.model_dump_json(indent=2).encode()


def read_result(uri: str) -> EditResult:
    """The result in a metadata file. Raises `OutputError` when the file is damaged or of another version."""
    return read_record(uri, EditResult)


def read_record(uri: str, kind: type[M]) -> M:
    """What was written to a file as a `kind`. Raises `OutputError` when it is damaged or of another version."""
    try:
        return kind.model_validate_json(files.read(uri))
    except ValidationError as damaged:
        raise OutputError(
            f"the earlier result {uri!r} cannot be read ({damaged.error_count()} problems): remove it to edit again"
        ) from damaged


def receipt_beside(picture: str) -> str | None:
    """Where the metadata lies that was written when `picture` was made; None when it is not beside it."""
    record = re.sub(r"-[0-9a-f]{8}\.\w+$", ".json", picture)
    return record if record != picture and files.exists(record) else None


def result_beside(picture: str) -> EditResult | None:
    """What was recorded when `picture` was made; None without metadata beside it."""
    record = receipt_beside(picture)
    return read_result(record) if record else None
