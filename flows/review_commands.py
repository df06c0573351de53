"""The commands review list, show, approve, reject and retry.

Exit codes: 0 done; 1 error, such as a decision that somebody else made before; for retry also 2: the new result was
rejected, 3: it waits for approval.
"""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from flows.embedded import embedded, silence_tracebacks
from tasks.domain.errors import RequestError
from tasks.domain.results import Decision, EditResult, Outcome, Review
from tasks.domain.review import Waiting, is_overdue, standing, verdict_of
from tasks.reviewed import reviewed
from tasks.settings import settings
from tasks.storage import reviews
from tasks.storage.bounds import canonical
from tasks.storage.records import read_result

Json = Annotated[bool, Parameter(name="--json", negative="")]
EXIT = {Outcome.ACCEPTED: 0, Outcome.REJECTED: 2, Outcome.PENDING: 3}
"""Exit codes of commands that edit one picture."""

review = App(name="review", help="Results a person decides about: rejected ones, and those that need approval.")


@review.command(name="list")
def list_(*, output: str | None = None, json_: Json = False) -> int:
    """List the results nobody has decided about, oldest first.

    Args:
        output: Where to look, at any depth; default: EDIT_FLOWS_OUTPUT and the outputs of EDIT_FLOWS_INBOX.
        json_: Print one JSON document instead of text.
    """
    now, days = datetime.now(UTC), settings().review_days
    places = (canonical(output),) if output else reviewed()
    found = sorted((item for place in places for item in reviews.waiting(place)), key=lambda item: item.since)
    rows = [(item, result, is_overdue(item.since, now, days)) for item in found if (result := _readable(item))]
    if json_:
        listed = [
            {
                "metadata": item.uri,
                "since": item.since.isoformat(),
                "overdue": overdue,
                "outcome": result.outcome,
                "reason": standing(result),
                "prompt": result.request.prompt,
            }
            for item, result, overdue in rows
        ]
        print(json.dumps(listed, ensure_ascii=False))
    for item, result, overdue in [] if json_ else rows:
        mark = "  OVERDUE" if overdue else ""
        print(f"{result.outcome:<8} {item.since:%Y-%m-%d %H:%M}{mark}  {standing(result)}  {result.request.prompt}")
        print(f"         {item.uri}")
    return 0


@review.command
def show(metadata: str, *, json_: Json = False) -> int:
    """Show a result: what was asked, every check, where picture and sheet lie, and what was decided.

    Args:
        metadata: Its metadata file, .../review/NAME.json, as list prints it.
        json_: Print one JSON document instead of text.
    """
    reviews.ensure_in_review(metadata)
    result = reviews.finish(metadata)
    print(result.model_dump_json() if json_ else _shown(result))
    return 0


@review.command
def approve(metadata: str, *, by: str = "", note: str = "", json_: Json = False) -> int:
    """Deliver a result as if it had been accepted at once, also when checks failed.

    Args:
        metadata: Its metadata file, .../review/NAME.json.
        by: Who decides; default: the user of this machine.
        note: Why; kept with the result.
        json_: Print one JSON document instead of text.
    """
    return _told(reviews.decide(metadata, _decision(Decision.APPROVE, by, note)), as_json=json_)


@review.command
def reject(metadata: str, *, by: str = "", note: str = "", json_: Json = False) -> int:
    """Decide that a result is not delivered; it stays where it is.

    Args:
        metadata: Its metadata file, .../review/NAME.json.
        by: Who decides; default: the user of this machine.
        note: Why; kept with the result.
        json_: Print one JSON document instead of text.
    """
    return _told(reviews.decide(metadata, _decision(Decision.REJECT, by, note)), as_json=json_)


@review.command
def retry(metadata: str, prompt: str, *, by: str = "", note: str = "", json_: Json = False) -> int:
    """Reject a result and edit the same picture again with another instruction.

    Args:
        metadata: Its metadata file, .../review/NAME.json.
        prompt: What to change instead.
        by: Who decides; default: the user of this machine.
        note: Why; kept with the result.
        json_: Print one JSON document, of the new result, instead of text.
    """
    with embedded():
        from flows.review import decide_review  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        decided = decide_review(metadata, Decision.RETRY, by or getpass.getuser(), prompt, note)
    again = read_result(decided.review.retried) if decided.review else decided
    _told(again, as_json=json_)
    return EXIT[again.outcome]


def _readable(item: Waiting) -> EditResult | None:
    """The result; without one, standard error says why: one damaged file does not hide the others."""
    try:
        return read_result(item.uri)
    except RequestError as damaged:
        print(f"not shown: {damaged}", file=sys.stderr)
        return None


def _decision(decision: Decision, by: str, note: str) -> Review:
    return Review(decision=decision, by=by or getpass.getuser(), at=datetime.now(UTC), note=note)


def _told(result: EditResult, *, as_json: bool) -> int:
    stands = standing(result)
    text = f"{result.outcome}{f' ({stands})' if stands else ''}\n  picture   {result.output.uri}"
    print(result.model_dump_json() if as_json else f"{text}\n  metadata  {result.metadata_uri}")
    return 0


def _shown(result: EditResult) -> str:
    lines = [
        f"{result.outcome}: {standing(result) or 'every check passed'}",
        f"  asked     {result.request.prompt}",
        f"  source    {result.request.image}",
        f"  picture   {result.output.uri}",
        f"  sheet     {result.sheet_uri}",
    ]
    for check in verdict_of(result).checks:
        mark = "ok " if check.passed else "BAD"
        lines.append(f"  {mark} {check.name:<12} {check.score:6.3f} (needs {check.threshold:.3f})  {check.detail}")
    return "\n".join(lines)
