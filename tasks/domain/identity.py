"""The name of a piece of work: the same source, request and engine always give the same identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tasks.domain.models import EditRequest, EngineIdentity, ImageRef, Job, Marking

UNMARKED = Marking()
"""What adds nothing to an identity: work done before there were marks stays known."""

WHERE_NOT_WHAT = {"image", "mask", "references", "priority", "cache", "label", "keep_exif", "draft"}
"""Request fields that say where the pixels lie or how to run - the pixels themselves are hashed instead - or how the
result is to be marked, which settings have a say in as well."""


UNSAID = {"approval", "quality"}
"""Fields that add nothing to an identity while they are as if not given."""


def identity_of(**content: Any) -> str:  # noqa: ANN401  whatever decides the result
    """SHA-256 (64 hex digits) of what decides a result, all of it JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def identify(
    request: EditRequest,
    source: ImageRef,
    mask: ImageRef | None,
    engine: EngineIdentity,
    references: Sequence[ImageRef] = (),
    marking: Marking = UNMARKED,
) -> str:
    """SHA-256 (64 hex digits) over the pixels of source, mask and references, request, engine and visible marks."""
    unsaid = {name for name in UNSAID if getattr(request, name) == EditRequest.model_fields[name].default}
    content: dict[str, Any] = {
        "source": source.sha256,
        "mask": mask.sha256 if mask else None,
        "request": request.model_dump(mode="json", exclude=WHERE_NOT_WHAT | unsaid),
        "engine": engine.model_dump(mode="json"),
    }
    if references:
        content["references"] = [picture.sha256 for picture in references]
    return identity_of(**content | seen(marking))


def seen(marking: Marking) -> dict[str, Any]:
    """What a marking adds to an identity: nothing, unless it shows in the picture or in its EXIF."""
    fields = marking.model_dump(mode="json", exclude={"marks"})
    return {} if fields == UNMARKED.model_dump(mode="json", exclude={"marks"}) else {"marking": fields}


def work_of(job: Job) -> str:
    """The identity of a job without its labels and approval: equal for all whose picture will be the same."""
    request = job.request.model_copy(update={"metadata": {}, "approval": False})
    return identify(request, job.source, job.mask, job.engine, job.references, job.marking)
