"""A policy asked: within a time, and never taken for a yes when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

import httpx

from tasks.domain.errors import PolicyAway, PolicyFailed, TransientError
from tasks.domain.models import Check, CheckName, FailureClass
from tasks.domain.policy import Ruling
from tasks.policies.protocol import Asked, Made, Policy

PATIENCE = 30.0
"""Seconds a policy has for one answer."""
AWAY = (OSError, httpx.TransportError, TransientError)
"""What a policy raises when the machine it asks cannot be reached; it may pass."""


def before(policy: Policy, asked: Asked) -> Ruling:
    """What the policy says to a request. Raises `PolicyFailed` or `PolicyAway` when it says nothing."""
    return _ruled(policy, lambda: policy.before(asked))


def after(policy: Policy, made: Made) -> Ruling:
    """What the policy says to a picture. Raises as `before` does."""
    return _ruled(policy, lambda: policy.after(made))


def check_of(ruling: Ruling) -> Check:
    """A ruling on a picture as one of its checks: score 1 or 0."""
    return Check(
        name=CheckName.POLICY,
        score=float(ruling.allowed),
        threshold=1.0,
        passed=ruling.allowed,
        failure=None if ruling.allowed else FailureClass.DENIED,
        detail=f"{ruling.policy}: {ruling.reason or 'allowed'}",
    )


def _ruled(policy: Policy, ask: Callable[[], Ruling]) -> Ruling:
    answers: SimpleQueue[Ruling | BaseException] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except BaseException as fault:  # noqa: BLE001  it goes to who asked
            answers.put(fault)

    # a daemon: one that never answers must not keep the process
    threading.Thread(target=answer, name="policy", daemon=True).start()
    try:
        ruling = answers.get(timeout=PATIENCE)
    except Empty:
        raise PolicyAway(
            f"the policy {policy.identity} gave no answer in {PATIENCE:g} s, so this is not edited: look at its server"
        ) from None
    if isinstance(ruling, AWAY):
        raise PolicyAway(f"the policy {policy.identity} cannot be asked now: {ruling}") from ruling
    if not isinstance(ruling, Ruling):
        said = f"{type(ruling).__name__}: {ruling}" if isinstance(ruling, BaseException) else repr(ruling)
        cause = ruling if isinstance(ruling, BaseException) else None
        raise PolicyFailed(f"the policy {policy.identity} failed, so this is not edited: {said}") from cause
    return ruling.model_copy(update={"policy": policy.identity})
