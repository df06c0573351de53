"""The requests of a batch, one after the other: pictures of a folder or pattern, or lines of a list.

a folder or s3:// prefix   photos, s3://drop/photos        the pictures in it, not those of folders below it
a pattern                  "photos/**/*.jpg"               * within a name, ** across folders
a list                     orders.csv, s3://drop/a.jsonl   fields of `EditRequest` as columns (labels: metadata.KEY)

Pictures named in a list without a folder lie beside the list. Nothing is kept: a list may be endless.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fsspec.utils import glob_translate

from tasks.domain.batch import Asked, ask
from tasks.domain.errors import RequestError
from tasks.domain.inbox import PICTURES, is_clutter
from tasks.domain.template import Template
from tasks.storage import files, listing
from tasks.storage.bounds import canonical

LISTS = (".csv", ".jsonl", ".ndjson")
LONGEST_LINE = 64 * 1024
"""Characters of a line of JSON."""


def orders(source: str, template: Template | None) -> Iterator[Asked]:
    """Every request of the batch. Raises `RequestError` for a source that cannot be read or holds nothing."""
    if source.lower().endswith(LISTS):
        found = _listed(source, template)
    elif template is None:
        raise RequestError(f"{source!r} holds pictures only: say by prompt or recipe what to change in them")
    else:
        found = (ask(number, uri, {"image": uri}, template) for number, uri in enumerate(_pictures(source), start=1))
    first = next(found, None)
    if first is None:
        raise RequestError(f"{source!r} holds no picture and no request: check the path")
    yield first
    yield from found


def ensure_output_outside(source: str, output: str) -> None:
    """Return when results written to `output` are no pictures of the source; raises `RequestError` otherwise."""
    if source.lower().endswith(LISTS):
        return
    folder, pattern = _split(source)
    result = files.join(canonical(output), "result.png")
    if result.startswith(f"{folder}/") and pattern.match(result.removeprefix(f"{folder}/")):
        raise RequestError(
            f"results in {output!r} would be edited by the next run of {source!r}: choose another output"
        )


def _pictures(source: str) -> Iterator[str]:
    folder, pattern = _split(source)
    listing.ensure_there(folder)
    for entry in listing.under(folder):
        ending = entry.key.rpartition(".")[2].lower()
        if ending in PICTURES and pattern.match(entry.key) and not is_clutter(entry.key, entry.size):
            yield entry.uri


def _split(source: str) -> tuple[str, re.Pattern[str]]:
    """The folder to list, and what the names in it must look like."""
    is_pattern = re.search(r"[*?\[]", source) and not (Path(source).exists() and "://" not in source)
    if not is_pattern:
        return canonical(source), re.compile(r"[^/]+\Z")
    parts = source.split("/")
    first = next(number for number, part in enumerate(parts) if re.search(r"[*?\[]", part))
    folder = "/".join(parts[:first]) or ("/" if source.startswith("/") else ".")
    return canonical(folder), re.compile(glob_translate("/".join(parts[first:])))


def _listed(uri: str, template: Template | None) -> Iterator[Asked]:
    rows = _csv(uri) if uri.lower().endswith(".csv") else _json_lines(uri)
    for number, (name, fields, objection) in enumerate(rows, start=1):
        if objection:
            yield Asked(number=number, name=name, objection=objection)
            continue
        placed = {key: _beside(uri, value) if key in {"image", "mask"} else value for key, value in fields.items()}
        yield ask(number, name, placed, template)


def _beside(uri: str, picture: Any) -> Any:  # noqa: ANN401  what a list holds is judged later
    """A picture named without a folder lies beside the list."""
    if not isinstance(picture, str) or not picture or "://" in picture or picture.startswith("/"):
        return picture
    return files.join(uri.rpartition("/")[0] or ".", picture)


def _csv(uri: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Name, fields and objection of each row; empty cells say nothing."""
    reader = csv.DictReader(files.lines(uri), strict=True)
    try:
        for row in reader:
            name = f"{uri}, line {reader.line_num}"
            if None in row:
                yield name, {}, f"it has more cells than the {len(reader.fieldnames or ())} columns"
                continue
            cells = {column.strip(): cell.strip() for column, cell in row.items() if cell and cell.strip()}
            if not cells:
                continue
            fields: dict[str, Any] = {key: cell for key, cell in cells.items() if not key.startswith("metadata.")}
            labels = {key.removeprefix("metadata."): cells[key] for key in cells if key not in fields}
            references = {"references": (fields["references"],)} if "references" in fields else {}
            yield name, fields | references | {"metadata": labels}, ""
    except csv.Error as broken:
        raise RequestError(f"{uri!r}, line {reader.line_num}: {broken}; save it as CSV, UTF-8") from broken


def _json_lines(uri: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for number, line in enumerate(files.lines(uri), start=1):
        name = f"{uri}, line {number}"
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            yield name, {}, f"it has {len(line)} characters: the limit is {LONGEST_LINE}"
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as broken:
            yield name, {}, f"it is not JSON: {broken}"
            continue
        if isinstance(fields, dict):
            yield name, fields, ""
        else:
            yield name, {}, f'it is no object: write {{"image": ..., "prompt": ...}}, not {line.strip()[:40]!r}'
