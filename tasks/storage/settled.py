"""The one result of a piece of work, whoever finished it, and nothing else of it.

Runs that are killed leave files behind, and one that was given up may go on beside the one that was started in its
place. Engines need not make the same picture twice, so what these leave may have other names, or lie in review.
"""

from __future__ import annotations

from tasks.domain.models import Job
from tasks.domain.results import EditResult, Outcome
from tasks.storage import files, listing, naming, reviews
from tasks.storage.records import read_result

FOLDERS = (Outcome.ACCEPTED, Outcome.REJECTED)
"""Outcomes that stand for the two folders a result may lie in; one that counts more comes first."""


def settled(job: Job) -> EditResult | None:
    """The result that counts - an accepted one, if there is one - with everything else of this work removed.

    What somebody decided about it is carried out first. None while nobody has finished the work; then nothing is
    removed.
    """
    delivered, review = (naming.metadata_uri(job, outcome) for outcome in FOLDERS)
    if files.exists(delivered):
        result = read_result(delivered)
    elif files.exists(review):
        result = reviews.finish(review)
    else:
        return None
    _remove_others(job, result)
    return result


def _remove_others(job: Job, counts: EditResult) -> None:
    metadata = naming.metadata_uri(job, counts.outcome)
    kept = {metadata, naming.decision_uri(metadata, counts)}
    kept |= {files.join(naming.folder(job, counts.outcome), name) for name in naming.files_of(counts)}
    for outcome in FOLDERS:
        for entry in listing.under(naming.folder(job, outcome), naming.stem(job)):
            ours = entry.key.startswith((f"{naming.stem(job)}-", f"{naming.stem(job)}.json"))
            if ours and files.join(naming.folder(job, outcome), entry.key) not in kept:
                files.delete(entry.uri)
