"""edit-chain: ordered steps on one picture, each from what the one before it gave; the first that fails ends it.

A step that waits for a person ends it as well; run again when that is decided, it goes on.

picture, steps --> mark --> for each step: dispatch_edit --> recount
                   regions                 intermediate      history, proof of what no step touched
"""

from __future__ import annotations

import time
from typing import Annotated

from prefect import flow, get_run_logger
from pydantic import Field

from flows.dispatch import dispatch_edit
from flows.progress import progress
from tasks.domain.chain import MOST_STEPS, ChainResult, Step, StepDone, replanned
from tasks.domain.ending import Ending
from tasks.domain.errors import EngineError, RequestError
from tasks.domain.models import EditRequest
from tasks.domain.results import EditResult, Outcome
from tasks.domain.review import standing, verdict_of
from tasks.mark import mark
from tasks.recount import recount
from tasks.settings import settings


@flow(name="edit-chain", validate_parameters=True)
def edit_chain(
    image: str,
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS)],
    output: str | None = None,
    engine: str | None = None,
    *,
    replan: bool = False,
    priority: Annotated[int, Field(ge=0, le=9)] = 1,
    metadata: dict[str, str] | None = None,
) -> ChainResult:
    """The picture after the last step that was accepted, with its history. Run again, it goes on where it stopped.

    Every intermediate is lossless and, outside what its step may change, equal to the one before bit for bit: local
    steps do not drift, however many there are.

    Args:
        image: The picture: a local path or s3://bucket/key.
        steps: What to do, in this order.
        output: Folder or s3:// prefix for the results; empty: the usual place (setting EDIT_FLOWS_OUTPUT).
        engine: Name of the engine; empty: the usual one (setting EDIT_FLOWS_ENGINE).
        replan: Make neighbouring steps that only replace text in one edit.
        priority: Higher runs earlier where a queue decides.
        metadata: Your own labels, kept with every intermediate.

    """
    planned = replanned(steps) if replan else steps
    marked = mark(image, planned, output or settings().output)
    picture, done = image, list[StepDone]()
    with progress(len(planned), "edit-chain") as advance:
        for number, (step, mask) in enumerate(zip(planned, marked.masks, strict=True), start=1):
            request = EditRequest(
                image=picture,
                prompt=step.prompt,
                edit_type=step.type,
                mask=mask,
                approval=step.approval,
                draft=number < len(planned),
                priority=priority,
                metadata=metadata or {},
            )
            done.append(_carry_out(number, step, request, marked.folder, engine))
            advance(f"step {number} {done[-1].ending}")
            if done[-1].ending is not Ending.ACCEPTED or done[-1].output is None:
                break
            picture = done[-1].output.uri
    return recount(image, planned, done, marked.folder)


def _carry_out(number: int, step: Step, request: EditRequest, folder: str, engine: str | None) -> StepDone:
    """How one step ended. What is wrong with a machine is raised: the chain goes on from here when it is run again."""
    begun = time.monotonic()
    try:
        result = dispatch_edit(request, folder, engine)
    except (RequestError, EngineError) as fault:
        get_run_logger().warning("step %d failed: %s", number, fault)
        return StepDone(
            number=number,
            step=step,
            ending=Ending.FAILED,
            reason=" ".join(str(fault).split()),
            seconds=time.monotonic() - begun,
        )
    return _done(number, step, result, time.monotonic() - begun)


def _done(number: int, step: Step, result: EditResult, seconds: float) -> StepDone:
    failures = () if result.outcome is Outcome.ACCEPTED else verdict_of(result).failures
    return StepDone(
        number=number,
        step=step,
        ending=Ending(result.outcome),
        failures=failures,
        reason=standing(result),
        output=result.output,
        mask_uri=result.mask_uri,
        metadata_uri=result.metadata_uri,
        altered=result.marks is not None and not result.marks.same_pixels,
        reused=result.reused,
        seconds=seconds,
        engine_seconds=result.engine_seconds,
    )
