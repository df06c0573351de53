"""Whether this installation is commercial, and what it may therefore not run."""

from __future__ import annotations

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.domain import licences
from tasks.domain.licences import Licence
from tasks.environment import PROJECT, read


class Use(BaseSettings):
    """Read from the environment: EDIT_FLOWS_COMMERCIAL."""

    model_config = SettingsConfigDict(env_prefix=PROJECT, env_ignore_empty=True, frozen=True)

    commercial: bool = Field(default=True, description="False when what is made here is for research only.")


@cache
def use() -> Use:
    """How this installation is used, read once. Raises `SettingsError` for a value that is neither true nor false."""
    return read(Use)


def ensure_licensed(model: str, licence: Licence) -> None:
    """Return for a model that may be run here. Raises `LicenceError` for one whose licence forbids this use."""
    licences.ensure_permitted(model, licence, commercial=use().commercial)
