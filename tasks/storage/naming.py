"""Names of what a job writes. Pictures carry the hash of their content, metadata carries the identity of the work.

outputs/poster-1f3c9a52b7e0-8d21c44f.png           the picture: two candidates never share a name
outputs/poster-1f3c9a52b7e0-8d21c44f-sheet.jpg     before and after
outputs/poster-1f3c9a52b7e0-8d21c44f-mask.png      white where it may differ from the source
outputs/poster-1f3c9a52b7e0.json                   metadata, written last: its presence means done
outputs/review/...                                 the same for what never passed, every candidate, each with
outputs/review/poster-...-8d21c44f-verdict.json    its plan and verdict; also for what waits for a person, and
outputs/review/poster-...-8d21c44f-decision.json   what was decided about it
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tasks.domain.models import Job
from tasks.domain.results import EditResult, Outcome
from tasks.storage import files

REVIEW = "review"
MAX_STEM = 60
"""Characters of the source's name kept, so that even in three-byte scripts a name stays under 255 bytes."""


def folder(job: Job, outcome: Outcome) -> str:
    """Where the files of a job with this outcome go."""
    return job.output if outcome is Outcome.ACCEPTED else files.join(job.output, REVIEW)


def stem(job: Job) -> str:
    """What all files of a job begin with: the source's own name, cleaned, and the first 12 digits of its identity."""
    return f"{own_name(job.request.image)}-{job.identity[:12]}"


def own_name(image: str) -> str:
    """The name of a picture without folder and ending, cleaned; of an earlier result the name of its source."""
    name = re.sub(r"(-[0-9a-f]{12}-[0-9a-f]{8})+$", "", PurePosixPath(image).stem)
    return re.sub(r"[^\w.-]+", "_", name)[:MAX_STEM].strip("._") or "picture"


def picture_uri(job: Job, outcome: Outcome, digest: str) -> str:
    """Where a picture of a job lies whose file has this SHA-256."""
    return files.join(folder(job, outcome), f"{stem(job)}-{digest[:8]}.{job.request.output_format}")


def beside(picture: str, what: str) -> str:
    """Where a file that belongs to a picture lies: the picture's name without its ending, then `-what`."""
    return f"{picture.rpartition('.')[0]}-{what}"


def sheet_uri(picture: str) -> str:
    """Where the before/after sheet of a picture lies."""
    return beside(picture, "sheet.jpg")


def mask_uri(picture: str) -> str:
    """Where the mask of a picture lies."""
    return beside(picture, "mask.png")


def verdict_uri(picture: str) -> str:
    """Where the plan and verdict of a rejected picture lie."""
    return beside(picture, "verdict.json")


def metadata_uri(job: Job, outcome: Outcome) -> str:
    """Where the metadata of a job with this outcome lies."""
    return files.join(folder(job, outcome), f"{stem(job)}.json")


def decision_uri(metadata: str, result: EditResult) -> str:
    """Where the decision about a result lies: beside its metadata, named for the picture it is about."""
    picture = PurePosixPath(result.output.uri).name
    return files.join(metadata.rpartition("/")[0], beside(picture, "decision.json"))


def files_of(result: EditResult) -> set[str]:
    """Names, without folders, of all files that belong to a result but its metadata."""
    candidates = [attempt.candidate for attempt in result.attempts if attempt.candidate.image.uri]
    pictures = {candidate.image.uri for candidate in candidates} | {result.output.uri}
    masks = {candidate.mask.uri for candidate in candidates if candidate.mask} | {result.mask_uri}
    uris = {result.sheet_uri, *pictures, *masks, *map(verdict_uri, pictures)}
    return {PurePosixPath(uri).name for uri in uris if uri}
