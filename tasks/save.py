"""Box I, save result: the delivered picture, its before/after sheet and, when nothing passed, all the evidence."""

from __future__ import annotations

import hashlib

from prefect import get_run_logger, task

from tasks.domain.models import Attempt, ImageRef, Job, Outcome, OutputFormat, Saved
from tasks.imaging import codec
from tasks.imaging.sheet import before_after
from tasks.retrying import retry_transient
from tasks.storage import desk, files, naming


@task(name="save", task_run_name="save", **retry_transient)
def save(job: Job, attempts: list[Attempt]) -> Saved:
    """What was written: the accepted candidate, or, into the review folder, every candidate with the best as output.

    Writing the same content twice is harmless: names carry the hash of what they hold.
    """
    accepted = attempts[-1].verdict.passed
    outcome = Outcome.ACCEPTED if accepted else Outcome.REJECTED
    best = attempts[-1] if accepted else max(attempts, key=lambda attempt: attempt.verdict.score)
    kept = tuple(
        _with_image(attempt, _deliver(job, outcome, attempt))
        if attempt is best or not accepted
        else _with_image(attempt, attempt.candidate.image.model_copy(update={"uri": ""}))
        for attempt in attempts
    )
    output = kept[attempts.index(best)].candidate.image
    sheet = before_after(desk.pick_up(job.source), desk.pick_up(best.candidate.image), "before", job.request.prompt)
    sheet_uri = f"{output.uri.rpartition('.')[0]}-sheet.jpg"
    files.write_once(sheet_uri, codec.encode(sheet, OutputFormat.JPEG))
    get_run_logger().info("%s: %s", outcome, output.uri)
    return Saved(output=output, sheet_uri=sheet_uri, attempts=kept)


def _deliver(job: Job, outcome: Outcome, attempt: Attempt) -> ImageRef:
    candidate = attempt.candidate.image
    data = codec.encode(desk.pick_up(candidate), job.request.output_format)
    digest = hashlib.sha256(data).hexdigest()
    uri = files.join(naming.folder(job, outcome), f"{naming.stem(job)}-{digest[:8]}.{job.request.output_format}")
    files.write_once(uri, data)
    return candidate.model_copy(update={"uri": uri, "file_sha256": digest})


def _with_image(attempt: Attempt, image: ImageRef) -> Attempt:
    return attempt.model_copy(update={"candidate": attempt.candidate.model_copy(update={"image": image})})
