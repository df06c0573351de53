"""The command chain: ordered steps on one picture, from a file or from the command line."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from flows.embedded import embedded, silence_tracebacks
from tasks.domain.chain import Chain, ChainResult, Step
from tasks.domain.ending import Ending
from tasks.domain.errors import RequestError
from tasks.domain.problems import problems
from tasks.storage.documents import read_document

EXIT = {Ending.REJECTED: 2, Ending.PENDING: 3}
"""Exit codes of chains that a step stopped which did not fail."""
Json = Annotated[bool, Parameter(name="--json", negative="")]


def chain(
    image: str,
    steps: str | None = None,
    *,
    step: Annotated[list[str] | None, Parameter(negative="")] = None,
    output: str | None = None,
    engine: str | None = None,
    replan: Annotated[bool, Parameter(negative="")] = False,
    priority: int = 1,
    json_: Json = False,
) -> int:
    """Edit one picture step by step; the first step that fails ends it, run again it goes on from there.

    Args:
        image: Local path or URL (s3://bucket/key) of the picture.
        steps: YAML or JSON file: steps, a list of {prompt, description, type, approval, region: [left, top, right,
            bottom]}.
        step: An instruction instead of the file; may be given again for the next step.
        output: Folder or s3:// prefix for the results; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        engine: Engine to use; default from EDIT_FLOWS_ENGINE.
        replan: Make neighbouring steps that only replace text in one edit.
        priority: 0 to 9, higher runs earlier where a queue decides.
        json_: Print one JSON document instead of text.
    """
    planned = read_steps(steps, step or [])
    with embedded():
        from flows.chain import edit_chain  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        result = edit_chain(image, planned, output, engine, replan=replan, priority=priority)
    print(result.model_dump_json() if json_ else describe(result))
    return 0 if result.completed else EXIT.get(result.steps[-1].ending, 1)


def read_steps(file: str | None, prompts: list[str]) -> tuple[Step, ...]:
    """The steps of a file or the instructions given one by one. Raises `RequestError` naming the wrong step."""
    if (file is None) == (not prompts):
        raise RequestError("give either a file of steps or --step INSTRUCTION, once for each")
    try:
        fields = read_document(file) if file else {"steps": [{"prompt": prompt} for prompt in prompts]}
        return Chain.model_validate(fields).steps
    except ValidationError as wrong:
        raise RequestError(f"{file or '--step'}: {problems(Chain, wrong)}") from wrong


def describe(result: ChainResult) -> str:
    """A chain for a person to read."""
    lines = [
        f"{one.number}  {one.ending:<9}{' (done before)' if one.reused else ''} {one.seconds:6.1f} s  "
        f"{one.step.description or one.step.prompt}{f'  [{one.reason}]' if one.reason else ''}"
        for one in result.steps
    ]
    lines.append("completed" if result.completed else f"stopped at step {result.stopped_at}")
    if result.output:
        lines.append(f"  picture  {result.output.uri}")
    if result.untouched is not None:
        lines.append(f"  equal to the original, pixel for pixel, where no step worked: {result.untouched:.1%} of it")
    return "\n".join([*lines, f"  sheet    {result.strip_uri}", f"  history  {result.history_uri}"])
