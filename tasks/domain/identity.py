"""The name of a piece of work: the same source, request and engine always give the same identity."""

from __future__ import annotations

import hashlib
import json

from tasks.domain.models import EditRequest, EngineIdentity, ImageRef

WHERE_NOT_WHAT = {"image", "mask", "priority"}
"""Request fields that say where the pixels lie or when to run; the pixels themselves are hashed instead."""


def identify(request: EditRequest, source: ImageRef, mask: ImageRef | None, engine: EngineIdentity) -> str:
    """SHA-256 (64 hex digits) over source pixels, mask pixels, request and engine."""
    content = {
        "source": source.sha256,
        "mask": mask.sha256 if mask else None,
        "request": request.model_dump(mode="json", exclude=WHERE_NOT_WHAT),
        "engine": engine.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
