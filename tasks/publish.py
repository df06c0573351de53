"""A result shown with its run in the Prefect UI, and left there for whoever asked for it from another process."""

from __future__ import annotations

import json
from uuid import UUID

from prefect import runtime
from prefect.artifacts import Artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.client.schemas.sorting import ArtifactSort

from tasks.domain.models import EditResult
from tasks.storage.records import read_result

KIND = "edit-result"
"""Type of the artifact that programs read; its data is where the metadata lies."""


def publish(result: EditResult) -> EditResult:
    """`result`; when this is a deployment's run, also two artifacts of it: one for people, one for programs."""
    if runtime.deployment.id is not None:
        Artifact(type=KIND, data={"metadata_uri": result.metadata_uri}).create()
        Artifact(
            type="markdown", data=_described(result), description=f"{result.outcome}: {result.output.uri}"
        ).create()
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
    return read_result(json.loads(str(found[0].data))["metadata_uri"]) if found else None  # Prefect keeps it as text


def _described(result: EditResult) -> str:
    """What the UI shows: outcome, places, and every check of the last attempt."""
    last = result.attempts[-1]
    lines = [
        f"## {result.outcome}: {result.classification.edit_type} edit",
        f"> {result.request.prompt}",
        "",
        f"| | |\n|---|---|\n| picture | `{result.output.uri}` |\n| sheet | `{result.sheet_uri}` |",
        f"| metadata | `{result.metadata_uri}` |\n| engine | {result.engine.model} |",
        f"| attempts | {len(result.attempts)} |",
        "",
        "| check | passed | score | needs | seen |\n|---|---|---|---|---|",
        *(
            f"| {check.name} | {'yes' if check.passed else f'**no: {check.failure}**'} | {check.score:.2f} | "
            f"{check.threshold:.2f} | {check.detail.replace('|', '/')} |"
            for check in last.verdict.checks
        ),
    ]
    return "\n".join(lines)
