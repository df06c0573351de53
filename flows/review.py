"""decide-review: what a person decided about a result; close-reviews: what becomes of those nobody decided about.

person --> decide-review --> decide --> retry? --yes--> dispatch_edit --> noted in the metadata
schedule --> close-reviews --> decisions of processes that died: finished
                           --> overdue: the policy decides (EDIT_FLOWS_REVIEW_LATE)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from prefect import flow, get_run_logger
from pydantic import Field

from flows.dispatch import dispatch_edit
from tasks.decide import decide, review_of
from tasks.domain.errors import AlreadyDecided, EditFlowError, RequestError
from tasks.domain.results import Decision, EditResult
from tasks.domain.review import POLICY, Closed, is_overdue, late_decision
from tasks.reviewed import reviewed
from tasks.settings import settings
from tasks.storage import reviews
from tasks.storage.records import read_result


@flow(name="decide-review", validate_parameters=True)
def decide_review(
    metadata: str,
    decision: Decision,
    by: Annotated[str, Field(min_length=1, max_length=100)],
    prompt: str = "",
    note: str = "",
) -> EditResult:
    """The result as it stands after the decision; of a retry when that is done, its metadata in review.retried.

    Args:
        metadata: The metadata file of the result, .../review/NAME.json.
        decision: Approve delivers it, also when checks failed; reject leaves it in review; retry does that, then asks
            for the edit again in other words.
        by: Who decides; kept with the result.
        prompt: What to change instead; for a retry only.
        note: Why; kept with the result.

    """
    return _carried_out(metadata, decide(metadata, decision, by, note, prompt))


@flow(name="close-reviews")
def close_reviews() -> Closed:
    """What one daily round did: unfinished decisions carried out, overdue results decided about by the policy.

    Nobody's silence loses anything: unless EDIT_FLOWS_REVIEW_LATE says otherwise, what nobody decides about stays.
    """
    now, days = datetime.now(UTC), settings().review_days
    waiting = [item for place in reviewed() for item in reviews.waiting(place)]
    late = [item.uri for item in waiting if is_overdue(item.since, now, days)]
    finished, unfinished = _each([uri for place in reviewed() for uri in reviews.decided(place)], _finished)
    decided, undecided = _each(late, _closed)
    return Closed(
        waiting=len(waiting) - len(decided),
        overdue=tuple(uri for uri in late if uri not in decided),
        decided=decided,
        finished=finished,
        failed=(*unfinished, *undecided),
    )


def _each(results: Sequence[str], work: Callable[[str], bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those of the results with which there was something to do, and those with which it failed."""
    done, failed = list[str](), list[str]()
    for uri in results:
        try:
            done += [uri] if work(uri) else []
        except EditFlowError as fault:
            get_run_logger().warning("%s: %s", uri, fault)
            failed.append(uri)
    return tuple(done), tuple(failed)


def _carried_out(metadata: str, result: EditResult) -> EditResult:
    """The result, its retry edited if nobody has begun that. What cannot be edited is noted, and raised."""
    retry = reviews.retry_due(metadata, result)
    if retry is None:
        return result
    try:
        again = dispatch_edit(retry.request, retry.output, retry.engine)
    except RequestError as refusal:
        reviews.retried(metadata, result, f"refused: {refusal}")
        raise
    return reviews.retried(metadata, result, again.metadata_uri)


def _finished(metadata: str) -> bool:
    """True when there was something left to do about a decision, and it is done."""
    before = read_result(metadata)
    after = _carried_out(metadata, reviews.finish(metadata))
    return before != after


def _closed(metadata: str) -> bool:
    """True when the policy decided about an overdue result."""
    decision = late_decision(reviews.finish(metadata), settings().review_late)
    if decision is None:
        return False
    try:
        reviews.decide(metadata, review_of(decision, POLICY, f"nobody decided within {settings().review_days:g} days"))
    except AlreadyDecided:  # by a person, meanwhile
        return False
    return True
