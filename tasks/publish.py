"""A result shown with its run in the Prefect UI, and left there for whoever asked for it from another process."""

from __future__ import annotations

import json
from uuid import UUID

from PIL import Image
from prefect import get_run_logger, runtime
from prefect.artifacts import Artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.client.schemas.sorting import ArtifactSort

from tasks.domain.errors import EditFlowError
from tasks.domain.markdown import bold, plain
from tasks.domain.results import EditResult, Outcome
from tasks.domain.telling import told
from tasks.exhibit import exhibit
from tasks.gauge import Gauge
from tasks.imaging import codec
from tasks.settings import settings
from tasks.storage import files
from tasks.storage.reviews import current

KIND = "edit-result"
"""Type of the artifact that programs read; its data is where the metadata lies, and how the edit went."""
KEY = "edit"
"""Of the artifact that people read; all edits of a server by this key are its gallery."""
LINKS = {"picture": "image", "metadata": "metadata", "before and after": "sheet"}
"""What the HTTP API serves of an edit, by what people call it."""


def publish(result: EditResult) -> EditResult:
    """`result`; when this is a deployment's run, also two artifacts of it: one for people, one for programs."""
    if runtime.deployment.id is not None:
        Artifact(type=KIND, data=_figures(result), description="for programs").create()
        home = f"{settings().api_url.rstrip('/')}/edits/{runtime.flow_run.id}"
        links = {name: f"{home}/{path}" for name, path in LINKS.items()} if settings().api_url else {}
        card = f"{bold(result.outcome)} {plain(result.request.prompt)}"
        exhibit(KEY, card, lambda picture: told(result, picture, links), lambda: _sheet(result.sheet_uri))
        Gauge().move(100, str(result.outcome), now=True)
    return result


def published(client: SyncPrefectClient, flow_run_id: UUID) -> EditResult | None:
    """The result that a run published, read where it lies; None when it published none."""
    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]), type=ArtifactFilterType(any_=[KIND])
        ),
        sort=ArtifactSort.CREATED_DESC,
        limit=1,
    )
    return current(json.loads(str(found[0].data))["metadata_uri"]) if found else None  # Prefect keeps it as text


def _figures(result: EditResult) -> dict[str, object]:
    """What programs are told; monitoring adds these up."""
    rejected = result.outcome is Outcome.REJECTED
    return {
        "metadata_uri": result.metadata_uri,
        "outcome": result.outcome,
        "edit_type": result.classification.edit_type,
        "failures": list(result.attempts[-1].verdict.failures) if rejected else [],
        "attempts": len(result.attempts),
        "engine_seconds": round(result.engine_seconds, 3),
        "seconds": round((result.finished - result.started).total_seconds(), 3),
        "reused": result.reused,
        "kept_from": result.kept_from,
    }


def _sheet(uri: str) -> Image.Image | None:
    """Before and after; None when it cannot be read, which does not undo the edit."""
    try:
        return codec.decode(files.read(uri), name=uri)
    except EditFlowError as gone:
        get_run_logger().warning("not shown in the UI: %s", gone)
        return None
