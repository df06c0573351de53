"""edit-batch: many requests, a few at a time; one failure never sinks the rest.

folder, pattern or list --> orders --> for each, `at_once` at a time: dispatch_edit --> tally --> summarise
                                                                                  table, contact sheets, figures
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Annotated

from PIL import Image
from prefect import flow, get_run_logger
from pydantic import Field

from flows.dispatch import dispatch_edit
from flows.progress import progress
from flows.together import pause, together
from tasks.domain.batch import Asked, BatchResult, Row, row_of, row_without
from tasks.domain.ending import Ending
from tasks.domain.errors import INSTALLATION, EditFlowError, RequestError
from tasks.domain.template import Template, parse
from tasks.imaging import codec
from tasks.imaging.contact import thumbnail
from tasks.settings import settings
from tasks.storage import files
from tasks.storage.desk import open_desk
from tasks.storage.documents import read_document
from tasks.storage.orders import ensure_output_outside, orders
from tasks.storage.tally import Tally
from tasks.summarise import summarise


@flow(name="edit-batch", validate_parameters=True)
def edit_batch(
    source: str,
    prompt: str | None = None,
    recipe: str | None = None,
    output: str | None = None,
    engine: str | None = None,
    at_once: Annotated[int, Field(ge=1, le=64)] = 2,
    batch_size: Annotated[int, Field(ge=1)] = 4,
    cool_down: Annotated[float, Field(ge=0, le=3600)] = 0.0,
) -> BatchResult:
    """Every request of the batch edited, with a table and contact sheets. Running it again skips what is done.

    Args:
        source: Folder, s3:// prefix, pattern such as photos/**/*.jpg, or a list of requests (.csv, .jsonl).
        prompt: What to change in every picture whose line in the list does not say so itself.
        recipe: YAML or JSON file with more than the prompt: a recipe as in an inbox.
        output: Folder or s3:// prefix for the results; empty: the usual place (setting EDIT_FLOWS_OUTPUT).
        engine: Name of the engine; empty: that of the recipe, else the usual one (setting EDIT_FLOWS_ENGINE).
        at_once: Requests worked on at the same time.
        batch_size: Requests between two pauses, where a device has to cool down.
        cool_down: Seconds of such a pause; 0: none.

    """
    template = _template(prompt, recipe)
    output = output or settings().output
    ensure_output_outside(source, output)
    total = sum(1 for _ in orders(source, template))
    work = partial(_carry_out, output=output, engine=engine or (template.engine if template else None))
    begun = time.monotonic()
    with open_desk() as folder, progress(total, "edit-batch") as advance:
        tally = Tally(folder, source)
        for batch in _batches(orders(source, template), batch_size, cool_down):
            with closing(together(batch, work, at_once)) as ended:
                for row, small in ended:
                    tally.enter(row, small)
                    advance(", ".join(f"{count} {ending}" for ending, count in tally.endings.items()))
        tally.turn_page()
        return summarise(source, output, tally, time.monotonic() - begun)


def _template(prompt: str | None, recipe: str | None) -> Template | None:
    """What the requests have in common; None when each says everything itself."""
    fields = read_document(recipe) if recipe else {}
    if prompt:
        fields["prompt"] = prompt
    return parse(Template, fields, uri=recipe or "prompt") if fields else None


def _batches(requests: Iterator[Asked], size: int, cool_down: float) -> Iterator[Iterable[Asked]]:
    """The requests in batches with a pause between two; all in one where nothing has to cool down."""
    if not cool_down:
        yield requests
        return
    for number, batch in enumerate(iter(lambda: list(islice(requests, size)), [])):
        if number:
            pause(cool_down)
        yield batch


def _carry_out(asked: Asked, output: str, engine: str | None) -> tuple[Row, Image.Image | None]:
    """How one request ended and, when it was edited, its pictures small. This is the edge that no failure passes.

    What is wrong with the installation is no failure of one request: `INSTALLATION` ends the batch.
    """
    begun = time.monotonic()
    if asked.request is None:
        return row_without(asked, Ending.REFUSED, asked.objection), None
    try:
        result = dispatch_edit(asked.request, output, engine)
    except INSTALLATION:
        raise
    except RequestError as refusal:
        return row_without(asked, Ending.REFUSED, str(refusal), time.monotonic() - begun), None
    except Exception as fault:  # noqa: BLE001  the edge
        get_run_logger().warning("%r failed", asked.name, exc_info=True)
        reason = str(fault) if isinstance(fault, EditFlowError) else f"{type(fault).__name__}: {fault}"
        return row_without(asked, Ending.FAILED, reason, time.monotonic() - begun), None
    return row_of(asked, result, time.monotonic() - begun), _small(result.sheet_uri)


def _small(sheet: str) -> Image.Image | None:
    """A sheet as a contact sheet shows it; None when it cannot be read, which does not undo the edit."""
    try:
        return thumbnail(codec.decode(files.read(sheet), name=sheet))
    except EditFlowError as gone:
        get_run_logger().warning("not shown on the contact sheet: %s", gone)
        return None
