"""The policy of this installation: which one, and how it is made of what the setting names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, cast

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.domain.errors import PolicyError
from tasks.domain.policy import Rules
from tasks.domain.problems import problems
from tasks.environment import PROJECT
from tasks.policies.protocol import Policy
from tasks.policies.rules import RulesPolicy

PLUGGED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
"""What names code: package.module:name."""


class PolicySettings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_POLICY."""

    model_config = SettingsConfigDict(env_prefix=PROJECT, frozen=True)

    policy: str = Field(
        default="",
        description="A rules file (path or s3://), or package.module:name of a policy of yours; empty: none.",
    )


@cache
def plugged(path: str) -> Policy:
    """The policy that `package.module:name`, called without arguments, gives; made once a process.

    Raises `PolicyError` for one that cannot be imported, fails or lacks a part of the protocol.
    """
    module, _, name = path.partition(":")
    try:
        policy = getattr(import_module(module), name)()
    except Exception as broken:  # whatever code of somebody else's raises
        raise PolicyError(
            f"EDIT_FLOWS_POLICY={path!r} cannot be had, so nothing is edited: {type(broken).__name__}: {broken}"
        ) from broken
    missing = [part for part in ("before", "after", "identity") if not hasattr(policy, part)]
    if missing:
        raise PolicyError(f"EDIT_FLOWS_POLICY={path!r} is no policy: {', '.join(missing)} is missing; see deployments/")
    return cast("Policy", policy)


def from_rules(document: Mapping[str, Any], uri: str) -> Policy:
    """The policy that the fields of a rules file make. Raises `PolicyError` naming the file and what is wrong."""
    try:
        return _made(Rules.model_validate(document).model_dump_json())
    except ValidationError as wrong:
        raise PolicyError(f"the policy {uri!r} is broken, so nothing is edited: {problems(Rules, wrong)}") from wrong
    except PolicyError as broken:
        raise PolicyError(f"the policy {uri!r} is broken, so nothing is edited: {broken}") from broken


@lru_cache(maxsize=2)
def _made(rules: str) -> RulesPolicy:
    """Kept while the file says the same: a thousand words take a second to compile."""
    return RulesPolicy(Rules.model_validate_json(rules))
