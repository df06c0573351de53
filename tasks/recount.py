"""The history of a chain: every intermediate on one sheet, proof of what no step touched, all of it written last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.chain import ChainResult, Step, StepDone
from tasks.domain.ending import Ending
from tasks.domain.errors import EngineError
from tasks.domain.identity import identity_of
from tasks.domain.markdown import bold, code, plain, table
from tasks.domain.models import OutputFormat
from tasks.exhibit import exhibit
from tasks.imaging import codec
from tasks.imaging.contact import Cell, contact_page, thumbnail
from tasks.retrying import retry_transient
from tasks.storage import files


@task(name="recount", task_run_name="recount", **retry_transient)
def recount(image: str, steps: Sequence[Step], done: Sequence[StepDone], folder: str) -> ChainResult:
    """The chain as it ended, written to `folder`: chain-KEY.json when completed, else stopped-KEY-TIME.json.

    Raises `EngineError` when a pixel changed that no step was allowed to change.
    """
    now = datetime.now(UTC)
    accepted = [one for one in done if one.ending is Ending.ACCEPTED and one.output]
    last = accepted[-1].output if accepted else None
    original = _opened(image)
    untouched = _untouched(original, accepted) if accepted else None
    completed = len(accepted) == len(steps)
    asked = [step.model_dump(mode="json") for step in steps]
    key = identity_of(image=image, steps=asked, done=[one.metadata_uri for one in done])[:12]
    name = f"chain-{key}" if completed else f"stopped-{key}-{now:%Y%m%d%H%M%S%f}"
    strip = files.join(folder, f"{name}.jpg")
    page = _strip(image, original, done)
    files.write_once(strip, codec.encode(page, OutputFormat.JPEG))
    result = ChainResult(
        original=image,
        completed=completed,
        stopped_at=None if completed else done[-1].number,
        steps=tuple(done),
        output=last,
        strip_uri=strip,
        untouched=untouched,
        history_uri=files.join(folder, f"{name}.json"),
        finished=now,
    )
    files.write_once(result.history_uri, result.model_dump_json(indent=2).encode())
    card = f"{bold(f'{len(accepted)} of {len(steps)} steps')} {plain(image)}"
    exhibit("chain", card, lambda picture: told(result, picture), lambda: page)
    get_run_logger().info("%d of %d steps: %s", len(accepted), len(steps), result.history_uri)
    return result


def told(result: ChainResult, picture: str) -> str:
    """The history for a person, as Markdown; `picture` is the address of its sheet."""
    proved = "" if result.untouched is None else f"; {result.untouched:.1%} of the pixels proved as they were"
    lines = [
        f"## {plain(result.original)}",
        f"completed{proved}" if result.completed else bold(f"stopped at step {result.stopped_at}"),
        "",
        f"![every intermediate]({picture})",
        "",
        *table(
            ["step", "", "ended", "seconds", "picture"],
            (
                [
                    str(one.number),
                    plain(one.step.description or one.step.prompt),
                    plain(f"{one.ending}: {one.reason}" if one.reason else one.ending),
                    f"{one.seconds:.1f}",
                    code(one.output.uri if one.output else ""),
                ]
                for one in result.steps
            ),
        ),
        "",
        f"History: {code(result.history_uri)}",
    ]
    return "\n".join(lines)


def _opened(uri: str) -> Image.Image:
    return codec.decode(files.read(uri), name=uri)


def _untouched(original: Image.Image, accepted: Sequence[StepDone]) -> float | None:
    """Share of pixels outside every step's mask, all found equal to the original's; None when a step had no mask.

    A last picture under a label or watermark is left out: its receipt proves what it was before.
    """
    if not all(one.mask_uri for one in accepted):
        return None
    allowed = np.zeros((original.height, original.width), bool)
    for one in accepted:
        allowed |= np.asarray(_opened(one.mask_uri).convert("L")) > 0
    finals = [one.output.uri for one in accepted if one.output and not one.altered]
    final = _opened(finals[-1]) if finals else original
    differs = (np.asarray(original.convert("RGBA")) != np.asarray(final.convert("RGBA"))).any(axis=-1)
    if stray := int((differs & ~allowed).sum()):
        raise EngineError(f"{stray} pixels changed that no step of the chain was allowed to change")
    return float((~allowed).mean())


def _strip(image: str, original: Image.Image, done: Sequence[StepDone]) -> Image.Image:
    cells = [Cell(thumbnail(original), "original", image.rpartition("/")[2], good=True)]
    for one in done:
        small = thumbnail(_opened(one.output.uri)) if one.output else None
        title = f"{one.number}  {one.ending}{f': {one.reason}' if one.reason else ''}"
        cells.append(Cell(small, title, one.step.description or one.step.prompt, good=one.ending is Ending.ACCEPTED))
    return contact_page(cells, image.rpartition("/")[2])
