"""A person called to a result that has to be looked at: an event that an automation can pass on to a channel."""

from __future__ import annotations

from prefect import runtime
from prefect.events import emit_event

from tasks.domain.results import EditResult, Outcome
from tasks.domain.review import standing

EVENT = "edit-flows.review.requested"


def summon(result: EditResult) -> EditResult:
    """`result`; when it was made by a run of a deployment and lies in review, the event says so, once."""
    if runtime.deployment.id is not None and result.outcome is not Outcome.ACCEPTED and not result.reused:
        emit_event(
            EVENT,
            resource={"prefect.resource.id": result.metadata_uri, "prefect.resource.name": result.output.uri},
            payload={
                "outcome": result.outcome,
                "reason": standing(result),
                "prompt": result.request.prompt,
                "sheet": result.sheet_uri,
            },
        )
    return result
