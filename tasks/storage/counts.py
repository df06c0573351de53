"""Tables of counts, from CSV, Parquet or JSON, in a folder or a bucket, line by line."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd

from tasks.domain.ab.counts import KNOWN, Row
from tasks.domain.errors import RequestError
from tasks.domain.fields import without_doubles
from tasks.storage import files

MOST_ROWS = 200_000
"""Lines of a table: 20 variants for 27 years of days."""


def read_counts(uri: str) -> tuple[list[Row], str]:
    """The lines, each with where it stands, and the SHA-256 of the file. Columns that mean nothing here are left out.

    CSV: a header and lines. Parquet: a flat table. JSON: a list of objects, or an object of objects by variant. Raises
    `RequestError` naming the file and the remedy.
    """
    reader = READERS.get(uri.rpartition(".")[2].lower())
    if reader is None:
        raise RequestError(f"{uri!r} is no table this reads: give one of .{', .'.join(READERS)}")
    data = files.read(uri)
    try:
        table = reader(data)
    except ImportError as missing:
        raise RequestError(f'Parquet needs {missing.name!r}: pip install -e ".[campaigns]"') from missing
    except (ValueError, OSError, pd.errors.ParserWarning, RecursionError) as broken:  # all that parsers raise
        raise RequestError(f"{uri!r} cannot be read as a table: {' '.join(str(broken).split())}") from broken
    if len(table) > MOST_ROWS:
        raise RequestError(f"{uri!r} has {len(table)} lines: the limit is {MOST_ROWS}; add them up by day")
    names = [str(name).strip().lower() for name in table.columns]
    if doubles := {name for name in names if names.count(name) > 1 and name in KNOWN}:
        raise RequestError(f"{uri!r} has more than one column {sorted(doubles)[0]!r}: keep one")
    if "variant" not in names:
        raise RequestError(f"{uri!r} has no column 'variant'; it has {', '.join(map(repr, names)) or 'none'}")
    if table.empty:
        raise RequestError(f"{uri!r} has a header and no line: there is nothing to analyse")
    wanted = [(position, name) for position, name in enumerate(names) if name in KNOWN]
    columns = [table.iloc[:, position].tolist() for position, _ in wanted]
    rows: list[Row] = [
        (f"row {number}", {name: value for (_, name), value in zip(wanted, values, strict=True)})
        for number, values in enumerate(zip(*columns, strict=True), start=1)
    ]
    return rows, hashlib.sha256(data).hexdigest()


def _csv(data: bytes) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # more fields than columns: which is which?
        return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)


def _parquet(data: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(data))


def _json(data: bytes) -> pd.DataFrame:
    content: Any = json.loads(data.decode("utf-8-sig"), object_pairs_hook=without_doubles)
    if isinstance(content, dict):
        content = [{"variant": name, **_fields(counts)} for name, counts in content.items()]
    if not isinstance(content, list):
        raise ValueError("it holds neither a list of objects nor an object of objects by variant")
    return pd.DataFrame([_fields(line) for line in content], dtype=object)


def _fields(line: object) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise ValueError(f"{str(line)[:80]!r} is no object of counts")
    return line


READERS: dict[str, Callable[[bytes], pd.DataFrame]] = {"csv": _csv, "parquet": _parquet, "json": _json}
