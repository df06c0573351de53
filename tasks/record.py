"""What became of a picture, kept: the ledger that makes sure nothing is done twice and nothing goes silently."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain.inbox import MAX_FAILURES, Arrival, Handled, Landing, Places
from tasks.retrying import retry_transient
from tasks.storage import files, listing

AGAIN = "It is tried again when the picture, its sidecar or its recipe changes, or when this record is removed."


@task(name="record", task_run_name="record {handled.outcome}", **retry_transient)
def record(places: Places, arrival: Arrival, handled: Handled, *, counted: bool = False) -> Handled:
    """How the picture was dealt with in the end, written down.

    A failure that is counted (the engine's, not a machine's) becomes a refusal when it is the last that is allowed; the
    count goes on afterwards, since it tells one try from the next. Records are written once: two pollers that did the
    same work at the same time leave one.
    """
    if counted and (arrival.failures + 1) % MAX_FAILURES == 0:
        reason = f"failed {MAX_FAILURES} times, last: {handled.reason}"
        handled = handled.model_copy(update={"outcome": Landing.REFUSED, "reason": reason})
    if handled.outcome is Landing.REFUSED:
        handled = handled.model_copy(update={"reason": f"{handled.reason}. {AGAIN}"})
    text = handled.model_dump_json(indent=2).encode("utf-8")
    if counted:
        files.write_once(files.join(places.failed, f"{arrival.failed_stem}-{arrival.failures + 1}.json"), text)
    match handled.outcome:
        case Landing.ACCEPTED | Landing.REJECTED | Landing.PENDING:
            files.write_once(files.join(places.done, arrival.done_name), text)
            _forget(places.refused, arrival.refused_stem)
            _forget(places.failed, arrival.failed_stem)
        case Landing.REFUSED:
            _forget(places.refused, arrival.refused_stem)
            files.write_once(files.join(places.refused, arrival.refused_name), text)
        case _:
            pass
    get_run_logger().info("%s: %r %s", handled.outcome, handled.uri, handled.reason or handled.result)
    return handled


def _forget(folder: str, stem: str) -> None:
    """Remove what earlier polls wrote about a picture that has now come to another end."""
    for entry in listing.under(folder, stem):
        files.delete(entry.uri)
