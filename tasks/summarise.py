"""A batch told: its table, its contact sheets and its figures, saved and shown with its run."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import pandas as pd
from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.batch import BatchResult, Row
from tasks.domain.ending import Ending
from tasks.domain.markdown import bold, code, plain
from tasks.domain.markdown import table as markdown_table
from tasks.exhibit import exhibit
from tasks.imaging import codec
from tasks.imaging.bars import bars
from tasks.imaging.preview import data_uri
from tasks.retrying import retry_transient
from tasks.storage import files
from tasks.storage.tally import Tally

_KINDS: dict[Any, str] = {int: "int64", float: "float64", bool: "bool"}
KEY = "batch"
SHOWN = 50
"""Lines of the table in the UI; those that were not accepted first."""
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
        drafts=tally.drafts,
        rejected_by=dict(tally.failures.most_common()),
        seconds=round(seconds, 3),
        engine_seconds=round(tally.engine_seconds, 3),
        table=table,
        parquet=parquet,
        sheets=sheets,
        finished=now,
    )
    files.write_once(files.join(folder, "batch.json"), result.model_dump_json(indent=2).encode())
    card = f"{bold(f'{result.accepted} accepted')} {plain(source)}"
    exhibit(KEY, card, lambda sheet: told(result, sheet, tally), lambda: _first(tally))
    get_run_logger().info("%s: %s", source, table)
    return result


def told(result: BatchResult, sheet: str, tally: Tally) -> str:
    """The batch for a person, as Markdown; `sheet` is the address of its first contact sheet."""
    ended = {ending.value: tally.endings[ending] for ending in Ending if tally.endings[ending]}
    good = {name: count for name, count in ended.items() if name == Ending.ACCEPTED}
    reasons = {f"rejected: {failure}": count for failure, count in result.rejected_by.items()}
    chart = bars(good, {name: count for name, count in ended.items() if name not in good} | reasons)
    lines = [
        f"## {plain(result.source)}",
        f"![how they ended]({data_uri(chart)})",
        "",
        *markdown_table(["", ""], _figures(result)),
        "",
        *([f"![the first of {len(result.sheets)} contact sheets]({sheet})", ""] if sheet else []),
        *markdown_table(["", "picture", "ended", "why", "seconds"], _worst(tally)),
    ]
    return "\n".join(lines)


def _figures(result: BatchResult) -> list[tuple[str, str]]:
    cost = result.engine_seconds_per_accepted
    drafts = f", {result.drafts} as drafts" if result.drafts else ""
    return [
        ("accepted", f"{result.accepted} ({result.reused} done before{drafts})"),
        ("rejected", str(result.rejected)),
        ("waits for approval", str(result.pending)),
        ("refused", str(result.refused)),
        ("failed", str(result.failed)),
        ("seconds", f"{result.seconds:.1f}, of the engine {result.engine_seconds:.1f}"),
        ("engine seconds per accepted picture", f"{cost:.1f}" if cost is not None else "none accepted now"),
        ("table", code(result.table)),
        *(("sheet", code(sheet)) for sheet in result.sheets),
    ]


def _worst(tally: Tally) -> list[list[str]]:
    """The lines of the table that a person looks at first."""
    rows = pd.DataFrame(columns=list(Row.model_fields))
    for part in pd.read_csv(tally.table, chunksize=CHUNK, dtype=TYPES, keep_default_na=False):
        rows = pd.concat([rows, part]) if len(rows) else part
        rows = rows.sort_values("ending", key=lambda ending: ending == Ending.ACCEPTED, kind="stable").head(SHOWN)
    return [
        [
            str(row.number),
            plain(str(row.picture)),
            bold(str(row.ending)) if row.ending != Ending.ACCEPTED else "accepted",
            plain(str(row.failures or row.reason)),
            f"{row.seconds:.1f}",
        ]
        for row in rows.itertuples()
    ]


def _first(tally: Tally) -> Image.Image | None:
    """The first contact sheet; None when there is none."""
    return codec.decode(tally.pages[0].read_bytes(), name=tally.pages[0].name) if tally.pages else None


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
