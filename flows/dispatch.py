"""How a composing flow gets an edit done: in its own process when embedded, through the gpu pool when deployed."""

from __future__ import annotations

import hashlib
import time
from typing import Any, cast

import httpx
from prefect import get_run_logger, runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import Cancelled, Cancelling

from flows.edit import edit_image
from flows.together import pause
from tasks.domain.errors import EditCancelled, EngineError, TransientError, error_in
from tasks.domain.models import EditRequest
from tasks.domain.queues import queue_of
from tasks.domain.results import EditResult
from tasks.publish import published
from tasks.settings import Dispatch, settings

DEPLOYMENT = "edit-image/edit-image"
LOOK = 1.0
"""Seconds between two looks at a run."""
STOPPED = "whoever asked for it was stopped"
RECOVERY = 300.0
"""Seconds a run that a machine ended is given to be started again (see deployments/recover.py)."""


def dispatch_edit(
    request: EditRequest, output: str | None = None, engine: str | None = None, *, key: str | None = None
) -> EditResult:
    """The result of one edit; as a run of the gpu pool it is a child of the run that asks.

    `key` names the piece of work: the same key is run once, whoever asks how often; empty: this request of this run.
    When the one who asks is cancelled, so is the edit. Raises what the edit raised, in the run's own words;
    `EditCancelled` when somebody cancelled it, `TransientError` when it crashed and was not started again.
    """
    if not through_pool():
        return edit_image(request, output, engine)
    key = key or _own_key(request, output, engine)
    with get_client(sync_client=True) as client:
        try:
            run = cast(
                "FlowRun",  # a coroutine only where the caller is async
                run_deployment(
                    DEPLOYMENT,
                    parameters={
                        "request": request.model_dump(mode="json", exclude_none=True),
                        "output": output,
                        "engine": engine,
                    },
                    idempotency_key=key,
                    work_queue_name=queue_of(request.priority),
                    timeout=0,
                ),
            )
            ended = _ended(client, run)
        except httpx.TransportError as away:  # whoever asked is started again and finds the child by its key
            raise TransientError(f"the Prefect server does not answer ({away}); the edit goes on") from away
        except Exception:
            raise
        except BaseException:  # cancelled, or stopped by a signal: nobody waits for the child any more
            _cancel(client, key)
            raise
        return _result(client, ended)


def through_pool() -> bool:
    """True when edits go to the gpu pool: as the setting says, else when this run was started by a deployment."""
    wanted = settings().dispatch
    return wanted is Dispatch.POOL or (wanted is Dispatch.AUTO and runtime.deployment.id is not None)


def comes_again(state: State[Any]) -> bool:
    """True for a run that a machine ended: it is going to be started again."""
    return state.is_crashed() or isinstance(error_in(state.message or ""), TransientError)


def _own_key(request: EditRequest, output: str | None, engine: str | None) -> str:
    asked = f"{runtime.flow_run.id} {request.model_dump_json()} {output} {engine}"
    return hashlib.sha256(asked.encode()).hexdigest()


def _cancel(client: SyncPrefectClient, key: str) -> None:
    """Cancel the run of that piece of work, found by its key: the signal may have come while it was being made."""
    found = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[key]))
    for run in client.read_flow_runs(flow_run_filter=found):
        if run.state is None or not run.state.is_final():
            client.set_flow_run_state(run.id, Cancelling(message=STOPPED))
        elif comes_again(run.state):
            client.set_flow_run_state(run.id, Cancelled(message=STOPPED), force=True)


def _ended(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """The run once nothing more will happen to it."""
    since: float | None = None
    while True:
        run = client.read_flow_run(run.id)
        if run.state is not None and run.state.is_final():
            since = since or time.monotonic()
            if not comes_again(run.state) or time.monotonic() - since > RECOVERY:
                return run
        else:
            since = None
        pause(LOOK)


def _result(client: SyncPrefectClient, run: FlowRun) -> EditResult:
    state = run.state
    if state is not None and state.is_completed():
        result = published(client, run.id)
        if result is not None:
            return result
        raise EngineError(f"run {run.name} completed without a result; look at its log")
    get_run_logger().warning("run %s ended %s: %s", run.name, state and state.name, state and state.message)
    if state is not None and state.is_cancelled():
        raise EditCancelled(f"run {run.name} was cancelled")
    if state is not None and state.is_crashed():
        raise TransientError(f"run {run.name} crashed and was not started again: {state.message}")
    words = (state and state.message) or "it did not say why"
    raise error_in(words) or EngineError(f"run {run.name} failed: {words}")
