"""Box I, save result: the delivered picture, its before/after sheet and, when nothing passed, all the evidence."""

from __future__ import annotations

import hashlib

from prefect import get_run_logger, task

from tasks.domain.models import Attempt, Candidate, Job, OutputFormat
from tasks.domain.receipt import Untouched
from tasks.domain.results import Outcome, Saved
from tasks.domain.review import outcome_of
from tasks.imaging import codec
from tasks.imaging.sheet import before_after, evidence_sheet
from tasks.imaging.untouched import prove
from tasks.retrying import retry_transient
from tasks.storage import desk, files, naming


@task(name="save", task_run_name="save", **retry_transient)
def save(job: Job, attempts: list[Attempt]) -> Saved:
    """What was written: the candidate that passed, or, into the review folder, every candidate, the best as output.

    What passed goes there as well when a person has to approve it.

    Writing the same content twice is harmless: names carry the hash of what they hold.
    """
    passed = attempts[-1].verdict.passed
    outcome = outcome_of(job.request, attempts[-1].verdict)
    best = attempts[-1] if passed else max(attempts, key=lambda attempt: attempt.verdict.score)
    kept = tuple(
        _with(attempt, _delivered(job, outcome, attempt.candidate) if attempt is best or not passed else None)
        for attempt in attempts
    )
    for attempt in kept if not passed else ():
        evidence = attempt.model_dump_json(indent=2).encode()
        files.write_once(naming.verdict_uri(attempt.candidate.image.uri), evidence)
    delivered = kept[attempts.index(best)].candidate
    source, picture = desk.pick_up(job.source), desk.pick_up(best.candidate.image)
    if passed:
        sheet = before_after(source, picture, "before", job.request.prompt)
    else:
        sheet = evidence_sheet(source, picture, best.verdict)
    sheet_uri = naming.sheet_uri(delivered.image.uri)
    files.write_once(sheet_uri, codec.encode(sheet, OutputFormat.JPEG))
    get_run_logger().info("%s: %s", outcome, delivered.image.uri)
    return Saved(
        output=delivered.image,
        sheet_uri=sheet_uri,
        mask_uri=delivered.mask.uri if delivered.mask else "",
        engine=delivered.engine or job.engine,
        attempts=kept,
        untouched=_untouched(job, best.candidate),
    )


def _untouched(job: Job, candidate: Candidate) -> Untouched | None:
    """The proof of what the candidate left as it was; None when it was free to change every pixel."""
    if candidate.mask is None:
        return None
    return prove(desk.pick_up(job.source), desk.pick_up(candidate.image), desk.pick_up(candidate.mask))


def _delivered(job: Job, outcome: Outcome, candidate: Candidate) -> Candidate:
    """The candidate with picture and mask written to where they stay."""
    data = codec.encode(desk.pick_up(candidate.image), job.request.output_format)
    digest = hashlib.sha256(data).hexdigest()
    uri = naming.picture_uri(job, outcome, digest)
    files.write_once(uri, data)
    image = candidate.image.model_copy(update={"uri": uri, "file_sha256": digest})
    if candidate.mask is None:
        return candidate.model_copy(update={"image": image})
    stencil = codec.encode(desk.pick_up(candidate.mask), OutputFormat.PNG)
    files.write_once(naming.mask_uri(uri), stencil)
    return candidate.model_copy(
        update={"image": image, "mask": candidate.mask.model_copy(update={"uri": naming.mask_uri(uri)})}
    )


def _with(attempt: Attempt, delivered: Candidate | None) -> Attempt:
    """The attempt with what was delivered of it; without, its pictures are nowhere."""
    if delivered is None:
        image, mask = attempt.candidate.image, attempt.candidate.mask
        gone = {"image": image.model_copy(update={"uri": ""})}
        gone |= {"mask": mask.model_copy(update={"uri": ""})} if mask else {}
        delivered = attempt.candidate.model_copy(update=gone)
    return attempt.model_copy(update={"candidate": delivered})
