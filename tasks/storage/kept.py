"""Results in the cache: how an accepted one is kept, and how it is laid down for another who asks the same."""

from __future__ import annotations

import hashlib

from pydantic import ValidationError

from tasks.domain.models import Attempt, Job
from tasks.domain.results import EditResult, Outcome
from tasks.storage import cache, files, naming
from tasks.storage.cache import Cache
from tasks.storage.records import read_result, receipt

RESULT, PICTURE, SHEET, MASK = "result.json", "picture", "sheet.jpg", "mask.png"


def keep(store: Cache, key: str, result: EditResult) -> None:
    """Keep an accepted result with its pictures."""
    kept = {
        RESULT: result.model_dump_json().encode(),
        PICTURE: files.read(result.output.uri),
        SHEET: files.read(result.sheet_uri),
    }
    if result.mask_uri:
        kept[MASK] = files.read(result.mask_uri)
    cache.put(store, key, kept)


def restore(store: Cache, key: str, job: Job) -> EditResult | None:
    """The result kept under the key, laid down where the job's results go, its metadata last; None without one."""
    kept = cache.get(store, key)
    if kept is None:
        return None
    try:
        earlier = EditResult.model_validate_json(kept[RESULT])
    except (KeyError, ValidationError):  # of another version
        return None
    digest = hashlib.sha256(kept.get(PICTURE, b"")).hexdigest()
    if digest != earlier.output.file_sha256 or (earlier.mask_uri and MASK not in kept) or SHEET not in kept:
        return None
    result = _moved(earlier, job, digest)
    files.write_once(result.output.uri, kept[PICTURE])
    files.write_once(result.sheet_uri, kept[SHEET])
    if result.mask_uri:
        files.write_once(result.mask_uri, kept[MASK])
    _, document = receipt(result)
    first = files.write_once(result.metadata_uri, document)
    return (result if first else read_result(result.metadata_uri)).again()


def _moved(earlier: EditResult, job: Job, digest: str) -> EditResult:
    """The earlier result as the job's own: asked for by its request, lying where its files go."""
    outcome = Outcome.PENDING if job.request.approval else Outcome.ACCEPTED
    picture = naming.picture_uri(job, outcome, digest)
    mask = naming.mask_uri(picture) if earlier.mask_uri else ""
    return earlier.model_copy(
        update={
            "identity": job.identity,
            "outcome": outcome,
            "request": job.request,
            "original": job.original,
            "output": earlier.output.model_copy(update={"uri": picture}),
            "sheet_uri": naming.sheet_uri(picture),
            "mask_uri": mask,
            "metadata_uri": naming.metadata_uri(job, outcome),
            "attempts": tuple(_delivered(attempt, earlier, picture, mask) for attempt in earlier.attempts),
            "kept_from": earlier.metadata_uri,
        }
    )


def _delivered(attempt: Attempt, earlier: EditResult, picture: str, mask: str) -> Attempt:
    """The attempt with the new place of its pictures, if it is the one that was delivered."""
    candidate = attempt.candidate
    if candidate.image.uri != earlier.output.uri:
        return attempt
    moved = {"image": candidate.image.model_copy(update={"uri": picture})}
    moved |= {"mask": candidate.mask.model_copy(update={"uri": mask})} if candidate.mask else {}
    return attempt.model_copy(update={"candidate": candidate.model_copy(update=moved)})
