"""The one result of a piece of work, whoever finished it, and nothing else of it.

Runs that are killed leave files behind, and one that was given up may go on beside the one that was started in its
place. Engines need not make the same picture twice, so what these leave may have other names, or lie in review.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from tasks.domain.models import EditResult, Job, Outcome
from tasks.storage import files, listing, naming
from tasks.storage.records import read_result


def settled(job: Job) -> EditResult | None:
    """The result that counts - an accepted one, if there is one - with everything else of this work removed.

    None while nobody has finished it; then nothing is removed.
    """
    for outcome in Outcome:
        uri = naming.metadata_uri(job, outcome)
        if files.exists(uri):
            result = read_result(uri)
            _remove_others(job, outcome, {PurePosixPath(name).name for name in (uri, *_files(result))})
            return result
    return None


def _remove_others(job: Job, counts: Outcome, kept: set[str]) -> None:
    for outcome in Outcome:
        for entry in listing.under(naming.folder(job, outcome), naming.stem(job)):
            ours = entry.key.startswith((f"{naming.stem(job)}-", f"{naming.stem(job)}.json"))
            if ours and not (outcome is counts and entry.key in kept):
                files.delete(entry.uri)


def _files(result: EditResult) -> set[str]:
    candidates = [attempt.candidate for attempt in result.attempts if attempt.candidate.image.uri]
    pictures = {candidate.image.uri for candidate in candidates} | {result.output.uri}
    masks = {candidate.mask.uri for candidate in candidates if candidate.mask} | {result.mask_uri}
    return {result.sheet_uri, *pictures, *masks, *map(naming.verdict_uri, pictures)}
