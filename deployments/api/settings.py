"""What the API is told by the environment: EDIT_FLOWS_API_KEYS and so on."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated

from limits import parse
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks.domain.errors import SettingsError
from tasks.domain.models import Frozen
from tasks.environment import read

SHORTEST = 16
"""Characters of a key's secret, at least."""
MEBIBYTE = 2**20

Listed = Annotated[tuple[str, ...], NoDecode]


class Key(Frozen):
    """One key: whose it is, and the SHA-256 of its secret."""

    name: str = Field(pattern=r"^[\w.-]{1,40}$", description="Who shows it; runs and decisions carry this name.")
    digest: bytes


class ApiSettings(BaseSettings):
    """Read from the environment; lists are separated by commas."""

    model_config = SettingsConfigDict(env_prefix="EDIT_FLOWS_API_", frozen=True)

    keys: SecretStr = Field(default=SecretStr(""), description="name:secret, separated by commas; empty: no key.")
    keys_file: Path | None = Field(default=None, description="File with one name:secret a line, # for remarks.")
    url: str = Field(default="", description="Where people and programs reach this API; empty: links are relative.")
    sources: Listed = Field(default=(), description="Folders and s3:// prefixes whose pictures a request may name.")
    uploads: str = Field(default="", description="Where uploaded pictures are kept; empty: .uploads of the output.")
    webhooks: Listed = Field(default=(), description="Beginnings of the URLs that may be told of finished edits.")
    webhook_secret: SecretStr = Field(default=SecretStr(""), description="Signs what webhooks are told (whsec_...).")
    rate: str = Field(default="120/minute", description="Requests for work that one key may make.")
    rate_store: str = Field(default="memory://", description="Where they are counted; redis://... for several APIs.")
    queue: int = Field(default=100, ge=1, le=1000, description="Unfinished edits of all keys together.")
    queue_per_key: int = Field(default=50, ge=1, le=1000, description="Unfinished edits of one key.")
    patience: float = Field(default=300, gt=0, le=3600, description="Seconds a synchronous request waits, at most.")
    max_bytes: int = Field(default=64 * MEBIBYTE, ge=1024, description="Bytes of one request.")
    max_pixels: int = Field(default=50_000_000, ge=1, description="Pixels of one picture.")

    @field_validator("sources", "webhooks", mode="before")
    @classmethod
    def _apart(cls, value: object) -> object:
        return tuple(part for part in map(str.strip, value.split(",")) if part) if isinstance(value, str) else value

    @field_validator("webhooks")
    @classmethod
    def _whole_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not re.match(r"https?://[^/@\s]+/", url):
                raise ValueError(f"{url!r}: give scheme, host and a path's beginning, such as https://hooks.example/")
        return value

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        parse(value)  # raises ValueError with its own words
        return value


def api_settings() -> ApiSettings:
    """The settings of this process. Raises `SettingsError` naming the variable whose value is wrong."""
    return read(ApiSettings)


def keys_of(settings: ApiSettings) -> tuple[Key, ...]:
    """All keys; none: everybody who reaches the API may use it. Raises `SettingsError` for what is no key."""
    written = settings.keys.get_secret_value().split(",")
    if settings.keys_file is not None:
        try:
            written += settings.keys_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as unreadable:
            raise SettingsError(f"EDIT_FLOWS_API_KEYS_FILE={str(settings.keys_file)!r}: {unreadable}") from unreadable
    keys = tuple(_key(line) for line in map(str.strip, written) if line and not line.startswith("#"))
    names = [key.name for key in keys]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SettingsError(
            f"EDIT_FLOWS_API_KEYS: {', '.join(sorted(twice))} is there twice; give each key its own name"
        )
    return keys


def _key(line: str) -> Key:
    name, colon, secret = line.partition(":")
    if not colon or not re.fullmatch(r"[\w.-]{1,40}", name):
        raise SettingsError("EDIT_FLOWS_API_KEYS: a key is name:secret, its name of letters, digits, . _ and -")
    if len(secret) < SHORTEST or not secret.isascii() or not secret.isprintable():
        raise SettingsError(
            f"EDIT_FLOWS_API_KEYS: the secret of {name} must have {SHORTEST} plain characters or more, such as "
            "openssl rand -hex 24 gives"
        )
    return Key(name=name, digest=hashlib.sha256(secret.encode()).digest())
