"""The content policy in force: looked up for every edit, so that a changed file holds from the next one on."""

from __future__ import annotations

from tasks.domain.errors import EditFlowError, PolicyError, TransientError
from tasks.environment import read
from tasks.policies.protocol import Policy
from tasks.policies.registry import PLUGGED, PolicySettings, from_rules, plugged
from tasks.storage.documents import read_document


def policed() -> bool:
    """Whether EDIT_FLOWS_POLICY names a policy."""
    return bool(_named())


def policy_in_force() -> Policy | None:
    """The policy that EDIT_FLOWS_POLICY names; None without one.

    Raises `PolicyError` for one that cannot be had: nothing is edited then. `TransientError` when its storage is away.
    """
    where = _named()
    if not where or PLUGGED.fullmatch(where):
        return plugged(where) if where else None
    try:
        document = read_document(where)
    except TransientError:
        raise
    except EditFlowError as unreadable:
        raise PolicyError(
            f"EDIT_FLOWS_POLICY={where!r} cannot be read, so nothing is edited: {unreadable}"
        ) from unreadable
    return from_rules(document, where)


def _named() -> str:
    return read(PolicySettings).policy.strip()
