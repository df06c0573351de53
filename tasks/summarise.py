"""A batch told: its table, its contact sheets and its figures, saved and shown with its run."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import pandas as pd
from prefect import get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact

from tasks.domain.batch import BatchResult, Row
from tasks.domain.ending import Ending
from tasks.retrying import retry_transient
from tasks.storage import files
from tasks.storage.tally import Tally

_KINDS: dict[Any, str] = {int: "int64", float: "float64", bool: "bool"}
CHUNK = 2000
"""Lines of the table turned into Parquet at a time."""
TYPES: Any = {name: _KINDS.get(field.annotation, "str") for name, field in Row.model_fields.items()}
"""Column types of the table."""


@task(name="summarise", task_run_name="summarise", **retry_transient)
def summarise(source: str, output: str, tally: Tally, seconds: float) -> BatchResult:
    """The figures of the batch, written to a folder of their own below `output`/batches; batch.json comes last."""
    now = datetime.now(UTC)
    folder = files.join(output, "batches", f"{now:%Y%m%d-%H%M%S}-{uuid4().hex[:6]}")
    table = files.join(folder, "table.csv")
    files.write_once(table, tally.table.read_bytes())
    parquet = ""
    if find_spec("pyarrow"):
        parquet = files.join(folder, "table.parquet")
        files.write_once(parquet, _parquet(tally))
    sheets = tuple(files.join(folder, page.name) for page in tally.pages)
    for uri, page in zip(sheets, tally.pages, strict=True):
        files.write_once(uri, page.read_bytes())
    result = BatchResult(
        source=source,
        **{ending.value: tally.endings[ending] for ending in Ending},
        reused=tally.reused,
        rejected_by=dict(tally.failures.most_common()),
        seconds=round(seconds, 3),
        engine_seconds=round(tally.engine_seconds, 3),
        table=table,
        parquet=parquet,
        sheets=sheets,
        finished=now,
    )
    files.write_once(files.join(folder, "batch.json"), result.model_dump_json(indent=2).encode())
    if runtime.deployment.id is not None:
        create_markdown_artifact(told(result), description=f"{result.accepted} accepted of {source}")
    get_run_logger().info("%s: %s", source, table)
    return result


def told(result: BatchResult) -> str:
    """The figures for a person, as Markdown."""
    cost = result.engine_seconds_per_accepted
    reasons = ", ".join(f"{failure}: {count}" for failure, count in result.rejected_by.items())
    lines = [
        f"## {result.source}",
        "| | |\n|---|---|",
        f"| accepted | {result.accepted} ({result.reused} done before) |",
        f"| rejected | {result.rejected}{f' ({reasons})' if reasons else ''} |",
        f"| waits for approval | {result.pending} |",
        f"| refused | {result.refused} |",
        f"| failed | {result.failed} |",
        f"| seconds | {result.seconds:.1f}, of the engine {result.engine_seconds:.1f} |",
        f"| engine seconds per accepted picture | {f'{cost:.1f}' if cost is not None else 'none accepted now'} |",
        f"| table | `{result.table}` |",
        *(f"| sheet | `{sheet}` |" for sheet in result.sheets),
    ]
    return "\n".join(lines)


def _parquet(tally: Tally) -> bytes:
    """The table as Parquet, typed as `Row` is."""
    import pyarrow as pa  # noqa: PLC0415  optional
    import pyarrow.parquet as pq  # noqa: PLC0415  as above

    target = io.BytesIO()
    writer: pq.ParquetWriter | None = None
    for lines in pd.read_csv(tally.table, chunksize=CHUNK, dtype=TYPES, keep_default_na=False):
        part = pa.Table.from_pandas(lines, preserve_index=False)
        writer = writer or pq.ParquetWriter(target, part.schema)
        writer.write_table(part)
    if writer:
        writer.close()
    return target.getvalue()
