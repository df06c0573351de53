"""Which inboxes this installation serves: what is announced from elsewhere is not even looked at."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks.domain.errors import RequestError, SettingsError
from tasks.domain.inbox import INBOX, OUTPUTS, RECIPES, Places, ensure_apart
from tasks.environment import read
from tasks.storage import files
from tasks.storage.bounds import canonical


class Inboxes(BaseSettings):
    """Read from the environment: EDIT_FLOWS_INBOX."""

    model_config = SettingsConfigDict(env_prefix="EDIT_FLOWS_", frozen=True)

    inbox: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Folders and s3:// prefixes that hold inbox/ and recipes/; separated by commas."
    )

    @field_validator("inbox", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name for name in map(str.strip, value.split(",")) if name] if isinstance(value, str) else value


@cache
def inboxes() -> Inboxes:
    """The settings of this process, read once. Raises `SettingsError` naming the variable whose value is wrong."""
    return read(Inboxes)


def places_at(location: str, recipes: str | None = None, output: str | None = None) -> Places:
    """Where things of an inbox lie: below `location`, unless said otherwise.

    Raises `RequestError` when one of them lies within another.
    """
    base = canonical(location)
    return ensure_apart(
        Places(
            inbox=files.join(base, INBOX),
            recipes=canonical(recipes or files.join(base, RECIPES)),
            output=canonical(output or files.join(base, OUTPUTS)),
        )
    )


def locations() -> tuple[str, ...]:
    """The locations this installation serves. Raises `SettingsError` when there is none."""
    if not inboxes().inbox:
        raise SettingsError("EDIT_FLOWS_INBOX is empty: set it to the folders or s3:// prefixes that hold an inbox")
    return inboxes().inbox


def location_of(uri: str) -> str:
    """The location whose inbox an object lies in. Raises `RequestError` for objects of no inbox that is served."""
    for location in locations():
        if uri.startswith(f"{files.join(canonical(location), INBOX)}/"):
            return location
    raise RequestError(f"{uri!r} lies in none of the inboxes that are served: set EDIT_FLOWS_INBOX to serve another")
