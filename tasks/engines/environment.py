"""Settings of an adapter, read from the environment: one class each, no work at import."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from tasks.domain.errors import SettingsError

S = TypeVar("S", bound=BaseSettings)


def read(kind: type[S]) -> S:
    """The settings of that kind. Raises `SettingsError` naming each variable whose value is wrong."""
    try:
        return kind()
    except ValidationError as wrong:
        prefix = kind.model_config.get("env_prefix", "")
        problems = "; ".join(
            f"{prefix}{str(problem['loc'][0]).upper()}={problem['input']!r}: {problem['msg']}"
            for problem in wrong.errors()
        )
        raise SettingsError(problems) from wrong
