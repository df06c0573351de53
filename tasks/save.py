"""Box I, save result: the picture marked as what it is, its sheet and, when nothing passed, all the evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path

from prefect import get_run_logger, task

from tasks.domain.marking import class_of
from tasks.domain.models import Attempt, Candidate, Job, Marks, OutputFormat
from tasks.domain.receipt import Untouched
from tasks.domain.results import Outcome, Saved
from tasks.domain.review import outcome_of
from tasks.engines.occupied import occupied
from tasks.imaging import codec
from tasks.imaging.sheet import before_after, evidence_sheet
from tasks.imaging.untouched import prove
from tasks.provenance.marks import Marked, Work, mark
from tasks.retrying import retry_transient
from tasks.storage import desk, files, naming
from tasks.storage.desk import ORIGINAL


@task(name="save", task_run_name="save", **retry_transient)
def save(job: Job, attempts: list[Attempt]) -> Saved:
    """What was written: the candidate that passed, or, into the review folder, every candidate, the best as output.

    What passed goes there as well when a person has to approve it, or a label it needs finds no place.

    Writing again what a killed run had written is harmless: the box that comes next removes what does not count.
    """
    passed = attempts[-1].verdict.passed
    best = attempts[-1] if passed else max(attempts, key=lambda attempt: attempt.verdict.score)
    shown = _marked(job, best)
    marked = [shown if one is best else None if passed else _marked(job, one) for one in attempts]
    outcome = outcome_of(job.request, attempts[-1].verdict, complete=not shown.applied.label_missing)
    kept = tuple(
        attempt.model_copy(update={"candidate": _delivered(job, outcome, attempt.candidate, file)})
        for attempt, file in zip(attempts, marked, strict=True)
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
        outcome=outcome,
        output=delivered.image,
        sheet_uri=sheet_uri,
        mask_uri=delivered.mask.uri if delivered.mask else "",
        engine=delivered.engine or job.engine,
        attempts=kept,
        untouched=_untouched(job, best.candidate),
        marks=shown.applied,
    )


def _marked(job: Job, attempt: Attempt) -> Marked:
    """The candidate as a file that says what it is."""
    engine = attempt.candidate.engine or job.engine
    edit_class = class_of(attempt.plan.prompt, trained=not engine.stand_in)
    if job.marking.marks is Marks.NONE:
        get_run_logger().warning("this %s edit is not marked: EDIT_FLOWS_MARKS=none", edit_class)
    work = Work(job.identity, edit_class, engine, Path(job.desk, ORIGINAL).read_bytes())
    return mark(desk.pick_up(attempt.candidate.image), work, job.marking, job.request.output_format, occupied)


def _untouched(job: Job, candidate: Candidate) -> Untouched | None:
    """The proof of what the candidate left as it was; None when it was free to change every pixel."""
    if candidate.mask is None:
        return None
    return prove(desk.pick_up(job.source), desk.pick_up(candidate.image), desk.pick_up(candidate.mask))


def _delivered(job: Job, outcome: Outcome, candidate: Candidate, marked: Marked | None) -> Candidate:
    """The candidate with picture and mask written to where they stay; its pictures are nowhere without a file."""
    if marked is None:
        gone = {"image": candidate.image.model_copy(update={"uri": ""})}
        gone |= {"mask": candidate.mask.model_copy(update={"uri": ""})} if candidate.mask else {}
        return candidate.model_copy(update=gone)
    digest = hashlib.sha256(marked.data).hexdigest()
    uri = naming.picture_uri(job, outcome, digest)
    files.write_once(uri, marked.data)
    image = candidate.image.model_copy(update={"uri": uri, "sha256": marked.sha256, "file_sha256": digest})
    if candidate.mask is None:
        return candidate.model_copy(update={"image": image})
    files.write_once(naming.mask_uri(uri), Path(candidate.mask.uri).read_bytes())
    return candidate.model_copy(
        update={"image": image, "mask": candidate.mask.model_copy(update={"uri": naming.mask_uri(uri)})}
    )
