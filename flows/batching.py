"""The command batch: many requests, with a bar while they are worked on and a table afterwards."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flows.embedded import embedded, silence_tracebacks
from tasks.domain.batch import BatchResult

Json = Annotated[bool, Parameter(name="--json", negative="")]


def batch(
    source: str,
    prompt: str | None = None,
    *,
    recipe: str | None = None,
    output: str | None = None,
    engine: str | None = None,
    at_once: int = 2,
    batch_size: int = 4,
    cool_down: float = 0.0,
    json_: Json = False,
) -> int:
    """Edit many pictures; run again, it skips what is done.

    Args:
        source: Folder, s3:// prefix, quoted pattern such as "photos/**/*.jpg", or a list (.csv, .jsonl) of image,
            prompt and any other field of a request.
        prompt: What to change in every picture whose line in the list does not say so itself.
        recipe: YAML or JSON file with more than the prompt: edit_type, seed, steps, output_format, metadata ...
        output: Folder or s3:// prefix for the results; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        engine: Engine to use; default from EDIT_FLOWS_ENGINE.
        at_once: Requests worked on at the same time.
        batch_size: Requests between two pauses, where a device has to cool down.
        cool_down: Seconds of such a pause; 0: none.
        json_: Print one JSON document instead of text.
    """
    with embedded():
        from flows.batch import edit_batch  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        result = edit_batch(source, prompt, recipe, output, engine, at_once, batch_size, cool_down)
    print(result.model_dump_json() if json_ else describe(result))
    if result.refused or result.failed:
        return 1
    return 2 if result.rejected else 3 if result.pending else 0


def describe(result: BatchResult) -> str:
    """The figures of a batch for a person to read."""
    cost = result.engine_seconds_per_accepted
    reasons = ", ".join(f"{failure}: {count}" for failure, count in result.rejected_by.items())
    waits = f"{result.pending} pending, " if result.pending else ""
    drafts = f" ({result.drafts} as drafts)" if result.drafts else ""
    counts = (
        f"{result.accepted} accepted{drafts}, {result.rejected} rejected, {waits}"
        f"{result.refused} refused, {result.failed} failed"
    )
    lines = [
        f"{counts}; {result.reused} of them done before; {result.seconds:.1f} s",
        *([f"  rejected for  {reasons}"] if reasons else []),
        *([f"  engine        {cost:.2f} s per accepted picture"] if cost is not None else []),
        f"  table         {result.table}",
        *(f"  sheet         {sheet}" for sheet in result.sheets),
    ]
    return "\n".join(lines)
