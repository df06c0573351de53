"""Edits as jobs. A job is a flow run of edit-image: Prefect remembers it, so that no restart of the API loses one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Cancelling

from deployments.api.job import Found, Job, Status, job_of, status_of
from deployments.api.problems import Refused
from deployments.api.settings import ApiSettings
from tasks.domain.models import EditRequest
from tasks.domain.queues import queue_of
from tasks.domain.results import EditResult
from tasks.publish import KIND
from tasks.storage.reviews import current

TAG = "api"
"""On every run this API asked for."""
WHOSE = "key:"
"""Before the name of the key, as a tag."""
UNTOLD = "webhook"
"""On a run whose end somebody is to be told of: see webhooks.py."""
URL = "edit-flows.webhook"
"""The label that says where."""
ENDED = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)
UNFINISHED = [kind for kind in StateType if kind not in ENDED]
PAGE = 200
"""Runs the server gives at a time."""
CREATING = 2
"""Runs made at the same time: Prefect on SQLite answers many at once by locking itself out for minutes."""
FRESH = 1.0
"""Seconds for which a count of unfinished edits is good enough."""


class Jobs:
    """The edits that the runs of one deployment do."""

    def __init__(self, client: PrefectClient, deployment: DeploymentResponse, settings: ApiSettings) -> None:
        self.client = client
        self.deployment = deployment
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._counted: Counter[str] = Counter()
        self._new: Counter[str] = Counter()
        """Edits let in since they were counted."""
        self._entering = 0
        self._looked = 0.0
        self._counting = asyncio.Lock()
        self._creating = asyncio.Semaphore(CREATING)
        self.news = asyncio.Event()
        """Set when there is something to do for who does the runs."""

    @property
    def unfinished(self) -> int:
        """Edits of this API that have not ended, as far as it is known."""
        return self._counted.total() + self._new.total()

    async def ensure_room(self, name: str) -> None:
        """Return when an edit of that key would be let in; raises `Refused` (429) otherwise."""
        await self._count()
        everybody, mine = self.unfinished, self._counted[name] + self._new[name]
        if everybody >= self._settings.queue or mine >= self._settings.queue_per_key:
            detail = f"{everybody} edits are unfinished, {mine} of them yours: as many as may be; ask again soon"
            raise Refused(429, "queue_full", detail, headers={"Retry-After": "5"})

    @asynccontextmanager
    async def room(self, name: str) -> AsyncIterator[None]:
        """A place in the queue for an edit of that key. Raises `Refused` (429) at once when there is none."""
        await self.ensure_room(name)
        self._new[name] += 1
        self._entering += 1
        try:
            yield
        except BaseException:
            self._new[name] -= 1
            raise
        finally:
            self._entering -= 1

    async def submit(
        self,
        request: EditRequest,
        name: str,
        *,
        key: str = "",
        webhook: str = "",
        output: str | None = None,
        engine: str | None = None,
    ) -> FlowRun:
        """The run that does the edit, asked for by whose key is called `name`; output and engine as of edit-image.

        The same idempotency `key` of the same caller gives the same run; raises `Refused` (409) when that run does
        something else.
        """
        own = hashlib.sha256(json.dumps([name, key]).encode()).hexdigest() if key else None
        asked = request.model_dump(mode="json", exclude_none=True)  # a list to choose from has no null
        async with self._creating:
            run = await self.client.create_flow_run_from_deployment(
                self.deployment.id,
                parameters={"request": asked, "output": output, "engine": engine},
                tags=[TAG, f"{WHOSE}{name}", *([UNTOLD] if webhook else [])],
                idempotency_key=own,
                work_queue_name=queue_of(request.priority) if self.deployment.work_pool_name else None,
                labels={URL: webhook} if webhook else None,
            )
        self.news.set()
        if run.parameters.get("request") != asked:
            detail = f"the Idempotency-Key {key!r} was used for another request: choose a new one"
            raise Refused(409, "idempotency_mismatch", detail, edit=str(run.id))
        return run

    async def find(self, edit: UUID, name: str) -> FlowRun:
        """The run with that id, which the key called `name` may see; raises `Refused` (404) when there is none.

        Runs asked for by another key are not to be seen, those of people and schedules are.
        """
        try:
            run = await self.client.read_flow_run(edit)
        except ObjectNotFound:
            raise _unknown(edit) from None
        owners = {tag for tag in run.tags if tag.startswith(WHOSE)}
        if "request" not in run.parameters or (owners and f"{WHOSE}{name}" not in owners):
            raise _unknown(edit)
        return run

    async def listed(self, name: str, status: Status | None, limit: int, offset: int) -> tuple[Job, ...]:
        """The edits of that key, the youngest first."""
        wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG, f"{WHOSE}{name}"]))
        if status is not None:
            wanted.state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(STATES[status])))
        runs = await self.client.read_flow_runs(
            flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=limit, offset=offset
        )
        found = await self._artifacts([run.id for run in runs])
        jobs = [job_of(run, found[run.id], base=self._base) for run in runs]
        return tuple(job for job in jobs if status is None or job.status is status)

    async def told(self, run: FlowRun) -> Job:
        """What there is to tell of an edit."""
        found = (await self._artifacts([run.id]))[run.id]
        return job_of(run, found, await self._read(found), self._base)

    async def result(self, run: FlowRun) -> EditResult | None:
        """What an edit gave; None while it has given nothing."""
        return await self._read((await self._artifacts([run.id]))[run.id])

    async def cancel(self, run: FlowRun) -> FlowRun:
        """The run, told to stop: at once while it waits, within seconds when it runs.

        Raises `Refused` (409) for one that has ended.
        """
        if status_of(run) not in {Status.QUEUED, Status.RUNNING}:
            raise Refused(409, "ended", f"the edit has ended ({run.state_name}): nothing is left to cancel")
        begun = run.state is not None and (run.state.is_running() or run.state.is_cancelling())
        stop: State[Any] = Cancelling() if begun else Cancelled(message="cancelled by whoever asked for it")
        await self.client.set_flow_run_state(run.id, stop, force=not begun)
        self.news.set()
        return await self.client.read_flow_run(run.id)

    async def ended(self, edits: Sequence[UUID]) -> set[UUID]:
        """Those of the edits that have ended for good."""
        wanted = FlowRunFilter.model_validate({"id": {"any_": list(edits)}, "state": {"type": {"any_": list(ENDED)}}})
        runs = await self.client.read_flow_runs(flow_run_filter=wanted, limit=PAGE)
        return {run.id for run in runs if status_of(run) not in {Status.QUEUED, Status.RUNNING}}

    async def all_of(self, wanted: FlowRunFilter) -> list[FlowRun]:
        """All runs of that kind, however many."""
        found: list[FlowRun] = []
        while True:
            page = await self.client.read_flow_runs(
                flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=len(found)
            )
            found += page
            if len(page) < PAGE:
                return found

    async def _count(self) -> None:
        """Count unfinished edits anew, unless that was just done or some are on their way to being counted."""
        async with self._counting:
            if self._entering or time.monotonic() - self._looked < FRESH:
                return
            wanted = FlowRunFilter(
                tags=FlowRunFilterTags(all_=[TAG]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
            )
            try:
                runs = await self.all_of(wanted)
            except httpx.HTTPError:
                return  # what is asked of a server that is away is told so
            self._new.clear()
            self._counted = Counter(
                tag.removeprefix(WHOSE) for run in runs for tag in run.tags if tag.startswith(WHOSE)
            )
            self._looked = time.monotonic()

    async def _artifacts(self, edits: list[UUID]) -> dict[UUID, Found]:
        """What runs have shown of themselves so far."""
        gathered: dict[UUID, dict[str, str]] = {edit: {} for edit in edits}
        if edits:
            artifacts = await self.client.read_artifacts(
                artifact_filter=ArtifactFilter(
                    flow_run_id=ArtifactFilterFlowRunId(any_=edits), type=ArtifactFilterType(any_=[KIND, "progress"])
                ),
                sort=ArtifactSort.UPDATED_DESC,
                limit=PAGE,
            )
            for artifact in reversed(artifacts):  # the youngest of each type stays
                if artifact.flow_run_id in gathered and artifact.type:
                    gathered[artifact.flow_run_id] |= {
                        artifact.type: str(artifact.data),
                        f"{artifact.type} said": artifact.description or "",
                    }
        return {edit: _found(told) for edit, told in gathered.items()}

    async def _read(self, found: Found) -> EditResult | None:
        return await asyncio.to_thread(current, found.metadata_uri) if found.metadata_uri else None


STATES: dict[Status, tuple[StateType, ...]] = {
    Status.QUEUED: (StateType.SCHEDULED, StateType.PENDING, StateType.CRASHED, StateType.FAILED),
    Status.RUNNING: (StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED),
    Status.ACCEPTED: (StateType.COMPLETED,),
    Status.REJECTED: (StateType.COMPLETED,),
    Status.PENDING: (StateType.COMPLETED,),
    Status.FAILED: (StateType.FAILED, StateType.CRASHED, StateType.COMPLETED),
    Status.CANCELLED: (StateType.CANCELLED,),
}
"""The states in which Prefect may have a run of that status."""


def _found(told: dict[str, str]) -> Found:
    result = json.loads(told[KIND]) if KIND in told else {}
    return Found(
        metadata_uri=result.get("metadata_uri", ""),
        outcome=result.get("outcome", ""),
        percent=float(told.get("progress", 0)),
        step=told.get("progress said", ""),
    )


def _unknown(edit: UUID) -> Refused:
    return Refused(404, "unknown_edit", f"there is no edit {edit} of yours: check the id, or list your edits at /edits")
