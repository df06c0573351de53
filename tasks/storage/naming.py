"""Names of what a job writes. Pictures carry the hash of their content, metadata carries the identity of the work.

outputs/poster-1f3c9a52b7e0-8d21c44f.png           the picture: two candidates never share a name
outputs/poster-1f3c9a52b7e0-8d21c44f-sheet.jpg     before and after
outputs/poster-1f3c9a52b7e0.json                   metadata, written last: its presence means done
outputs/review/...                                 the same for what never passed
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tasks.domain.models import Job, Outcome
from tasks.storage import files

REVIEW = "review"
MAX_STEM = 60
"""Characters of the source's name kept, so that even in three-byte scripts a name stays under 255 bytes."""


def folder(job: Job, outcome: Outcome) -> str:
    """Where the files of a job with this outcome go."""
    return job.output if outcome is Outcome.ACCEPTED else files.join(job.output, REVIEW)


def stem(job: Job) -> str:
    """What all files of a job begin with: the source's own name, cleaned, and the first 12 digits of its identity."""
    name = re.sub(r"[^\w.-]+", "_", PurePosixPath(job.request.image).stem)[:MAX_STEM].strip("._") or "picture"
    return f"{name}-{job.identity[:12]}"


def metadata_uri(job: Job, outcome: Outcome) -> str:
    """Where the metadata of a job with this outcome lies."""
    return files.join(folder(job, outcome), f"{stem(job)}.json")
