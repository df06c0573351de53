"""How far a deployment's run is: one progress artifact that moves in the Prefect UI."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import cast
from uuid import UUID

import httpx
from prefect import runtime
from prefect.artifacts import create_progress_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

KEY = "progress"
"""Name and type of the artifact."""
OFTEN = 1.0
"""Seconds between two moves, at least: each is a call to the server."""


class Gauge:
    """The one of this run, also of what the run showed before it was started again. Outside a deployment: nothing.

    A server that cannot be told now does not stop the work: the next move tells it.
    """

    def __init__(self) -> None:
        self._run: UUID | None = UUID(runtime.flow_run.id) if runtime.deployment.id is not None else None
        self._artifact: UUID | None = None
        self._moved = float("-inf")

    @property
    def shown(self) -> bool:
        """True where somebody may look at it."""
        return self._run is not None

    def move(self, percent: float, note: str, *, now: bool = False) -> None:
        """Show `percent` (0 to 100) and the note; too soon after the last time it is left out unless `now`."""
        if self._run is None or not (now or time.monotonic() - self._moved > OFTEN):
            return
        self._moved = time.monotonic()
        with (
            suppress(httpx.HTTPError),
            temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
            get_client(sync_client=True) as client,
        ):
            self._artifact = (
                self._artifact or _found(client, self._run) or cast("UUID", create_progress_artifact(0.0, key=KEY))
            )
            client.update_artifact(self._artifact, ArtifactUpdate(data=percent, description=note))


def _found(client: SyncPrefectClient, run: UUID) -> UUID | None:
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]), type=ArtifactFilterType(any_=[KEY]))
    found = client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1)
    return found[0].id if found else None
