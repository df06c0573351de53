"""The command line: python -m flows edit IMAGE PROMPT, classify PROMPT, check SOURCE RESULT, preserve SOURCE EDITED.

Further: batch SOURCE [PROMPT] for many pictures, chain IMAGE STEPS for several edits of one picture, inbox LOCATION for
what has arrived there, ab for A/B tests, review for results a person decides about, monitor for how it all goes, verify
OUTPUT for what its receipt is worth, key for what others need to verify it; each tells more with --help.
Exit codes: 0 accepted (or done), 2 rejected by validation, 3 waits for a person's approval, 1 error; errors are one
line on standard error.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from pydantic import ValidationError

from flows.ab_commands import ab
from flows.batching import batch
from flows.campaigning import content
from flows.chaining import chain
from flows.checking import check, preserve
from flows.embedded import embedded, silence_tracebacks
from flows.monitoring import monitor
from flows.review_commands import EXIT, review
from flows.verifying import key, schema, verify
from tasks import __version__
from tasks.domain.classification import classify as classify_prompt
from tasks.domain.errors import EditFlowError, RequestError
from tasks.domain.inbox import Landing
from tasks.domain.models import EditRequest, EditType, Label, OutputFormat, Quality
from tasks.domain.results import EditResult, Outcome
from tasks.domain.review import standing
from tasks.domain.telling import cost

Json = Annotated[bool, Parameter(name="--json", negative="")]

app = App(
    name="python -m flows",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="Automated, checked, traceable image editing.",
)


@app.command
def edit(
    image: str,
    prompt: str,
    *,
    edit_type: Literal["auto"] | EditType = "auto",
    engine: str | None = None,
    output: str | None = None,
    mask: str | None = None,
    reference: Annotated[list[str] | None, Parameter(negative="")] = None,
    seed: int | None = None,
    quality: Quality = Quality.AUTO,
    cfg_scale: float | None = None,
    steps: int | None = None,
    output_format: OutputFormat = OutputFormat.PNG,
    label: Label | None = None,
    keep_exif: Annotated[bool, Parameter(negative="")] = False,
    priority: int = 1,
    metadata: Annotated[list[str] | None, Parameter(negative="")] = None,
    cache: bool = True,
    approval: Annotated[bool, Parameter(negative="")] = False,
    json_: Json = False,
) -> int:
    """Edit one picture: classify, edit, check, retry, save.

    Args:
        image: Local path or URL (s3://bucket/key) of the picture.
        prompt: What to change, in English, Korean or Chinese; quote text to replace or to write.
        edit_type: Kind of edit; auto infers it from the instruction.
        engine: Engine to use (classical works everywhere); default from EDIT_FLOWS_ENGINE.
        output: Folder or s3:// prefix for the result; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        mask: Picture of the same size, white where pixels may change.
        reference: Further picture the instruction speaks of, such as a logo; may be given again.
        seed: Fixes the random numbers of the first attempt.
        quality: auto begins with a draft where the engine has any, full does without.
        cfg_scale: Guidance strength instead of the recipe's.
        steps: Denoising steps instead of the recipe's.
        output_format: File format of the result.
        label: Language of a visible label on the result, or none; default from EDIT_FLOWS_LABEL.
        keep_exif: Leave the picture's own EXIF (camera, place, author) in the result.
        priority: 0 to 9, higher runs earlier where a queue decides.
        metadata: Your own label, kept with the result, as key=value; may be given again.
        cache: Whether an equal result of the result cache (EDIT_FLOWS_CACHE) will do, and this one may go there.
        approval: Wait for a person before the result is delivered (python -m flows review).
        json_: Print one JSON document instead of text.
    """
    request = EditRequest(
        image=image,
        prompt=prompt,
        edit_type=None if edit_type == "auto" else edit_type,
        mask=mask,
        references=tuple(reference or ()),
        seed=seed,
        quality=quality,
        cfg_scale=cfg_scale,
        steps=steps,
        output_format=output_format,
        label=label,
        keep_exif=keep_exif,
        priority=priority,
        metadata=dict(labelled(pair) for pair in metadata or ()),
        cache=cache,
        approval=approval,
    )
    with embedded():
        from flows.edit import edit_image  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        result = edit_image(request, output, engine)
    print(result.model_dump_json() if json_ else describe(result))
    return EXIT[result.outcome]


@app.command
def classify(
    prompt: str | None = None,
    *,
    batch: Path | None = None,
    json_: Json = False,
) -> int:
    """Tell the kind of edit an instruction asks for.

    Args:
        prompt: The instruction.
        batch: File of JSON lines {"prompt": ...}; one answer each, in the same order.
        json_: Print one JSON document per instruction.
    """
    if (prompt is None) == (batch is None):
        raise RequestError("give either an instruction or --batch FILE")
    for text in read_prompts(batch) if batch else [prompt or ""]:
        found = classify_prompt(text)
        print(found.model_dump_json() if json_ else f"{found.edit_type}  {found.confidence:.2f}  {found.reason}")
    return 0


@app.command
def inbox(
    location: str,
    *,
    recipes: str | None = None,
    output: str | None = None,
    limit: int = 100,
    settle: float = 10.0,
    at_once: int = 2,
    json_: Json = False,
) -> int:
    """Edit what has arrived in LOCATION/inbox/RECIPE/ by the recipe LOCATION/recipes/RECIPE.yaml, each picture once.

    Args:
        location: Folder or s3:// prefix that holds inbox/ and recipes/.
        recipes: Where the recipes lie instead; outside the inbox.
        output: Where results go instead of LOCATION/outputs; outside the inbox.
        limit: Pictures dealt with; the next call goes on with the rest.
        settle: Seconds a file must have been left alone before it is taken for whole.
        at_once: Pictures worked on at the same time.
        json_: Print one JSON document instead of text.
    """
    with embedded():
        from flows.inbox import process_inbox  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        (result,) = process_inbox(location, recipes, output, limit, settle, at_once)
    if json_:
        print(result.model_dump_json())
    else:
        for piece in result.handled:
            print(f"{piece.outcome:<9} {piece.uri!r}  {piece.reason or piece.result}")
        before = f"{result.done_before} done and {result.refused_before} refused before"
        print(f"{before}, {result.ignored} ignored, {result.left} left for the next call")
    if {Landing.REFUSED, Landing.FAILED} & set(result.counts):
        return 1
    return 2 if Landing.REJECTED in result.counts else 3 if Landing.PENDING in result.counts else 0


app.command(ab)
app.command(batch)
app.command(chain)
app.command(content)
app.command(check)
app.command(monitor)
app.command(preserve)
app.command(review)
app.command(verify)
app.command(key)
app.command(schema)


def labelled(pair: str) -> tuple[str, str]:
    """Key and value of "key=value". Raises `RequestError` without an equals sign or a key."""
    key, equals, value = pair.partition("=")
    if not (key and equals):
        raise RequestError(f"metadata {pair!r} is not key=value")
    return key, value


def read_prompts(batch: Path) -> Iterator[str]:
    """The prompts of a JSON-lines file, one by one. Raises `RequestError` naming the line that is not one."""
    try:
        with batch.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield str(json.loads(line)["prompt"])
                except (ValueError, KeyError, TypeError):
                    raise RequestError(f'{batch}, line {number}: expected {{"prompt": "..."}}') from None
    except (OSError, UnicodeDecodeError) as unreadable:
        raise RequestError(f"cannot read {str(batch)!r}: {unreadable}") from unreadable


def describe(result: EditResult) -> str:
    """A result for a person to read."""
    verdict = result.attempts[-1].verdict
    how = f"{result.classification.edit_type} edit, attempts: {len(result.attempts)}, engine: {cost(result)}"
    lines = [
        f"{result.outcome}{' (done before)' if result.reused else ''}: {how}",
        f"  picture   {result.output.uri}",
        f"  metadata  {result.metadata_uri}",
        f"  sheet     {result.sheet_uri}",
        *(
            f"  {'ok ' if check.passed else 'BAD'} {check.name:<12} {check.score:6.3f} (needs {check.threshold:.3f})  "
            f"{check.detail}"
            for check in verdict.checks
        ),
    ]
    if result.review or result.outcome is Outcome.PENDING:
        lines.append(f"  review    {standing(result)}")
    if result.engine.stand_in:
        lines.append(f"  made by   {result.engine.model}: it exercises the whole path, it is not Qwen's quality")
    return "\n".join(lines)


def one_line(error: Exception) -> str:
    """What went wrong and what to do, on one line."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
    return " ".join(str(error).split())


def main(arguments: list[str]) -> int:
    """Exit code of one command."""
    try:
        for argument in arguments:
            refuse_broken_text(argument)
        code: int = app(arguments, result_action="return_value", exit_on_error=False, print_error=False)
    except (EditFlowError, ValidationError, CycloptsError) as error:
        return fail(error, one_line(error), as_json="--json" in arguments)
    except KeyboardInterrupt as interrupt:
        fail(interrupt, "interrupted; nothing was kept that is not whole", as_json="--json" in arguments)
        return 130
    return code


def fail(error: BaseException, message: str, *, as_json: bool) -> int:
    """Exit code of a failed command, after telling so: one line on standard error, with --json a document as well."""
    if as_json:
        print(json.dumps({"error": type(error).__name__, "message": message}, ensure_ascii=False))
    print(f"error: {message}", file=sys.stderr)
    return 1


def refuse_broken_text(argument: str) -> None:
    """Return for text; raises `RequestError` for bytes that are none, such as a file name in another encoding."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise RequestError(f"{argument!r} is not valid UTF-8; rename the file or correct the argument") from None


def interrupt(number: int, _frame: object) -> None:
    """End like Ctrl-C, so that a temporary server is not left running."""
    raise KeyboardInterrupt(signal.Signals(number).name)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main(sys.argv[1:]))
