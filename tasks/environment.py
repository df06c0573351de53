"""Settings of an adapter, read from the environment: one class each, no work at import."""

from __future__ import annotations

import os
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from tasks.domain.errors import SettingsError

PROJECT = "EDIT_FLOWS_"
"""Prefix of all settings; adapters have longer ones."""
S = TypeVar("S", bound=BaseSettings)


def read(kind: type[S]) -> S:
    """The settings of that kind.

    Raises `SettingsError` naming each variable whose value is wrong, and any with an adapter's prefix that it does not
    know: a misspelt name must not mean 57 GB of other weights.
    """
    prefix = kind.model_config.get("env_prefix", "")
    known = {f"{prefix}{name}".upper() for name in kind.model_fields}
    unknown = sorted(name for name in os.environ if name.upper().startswith(prefix) and name.upper() not in known)
    if unknown and prefix != PROJECT:
        raise SettingsError(f"no setting is called {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    try:
        return kind()
    except ValidationError as wrong:
        problems = "; ".join(
            f"{prefix}{str(problem['loc'][0]).upper()}={problem['input']!r}: {problem['msg']}"
            for problem in wrong.errors()
        )
        raise SettingsError(problems) from wrong
