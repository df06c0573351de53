"""Where the server is and how long it may take."""

from __future__ import annotations

from typing import Literal

import httpx
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.engines.endpoint.quirks import SERVERS


class EndpointSettings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_ENDPOINT_URL, EDIT_FLOWS_ENDPOINT_SERVER and so on."""

    model_config = SettingsConfigDict(env_prefix="EDIT_FLOWS_ENDPOINT_", env_ignore_empty=True, frozen=True)

    url: str = Field(
        default="http://127.0.0.1:8300/v1", pattern=r"^https?://[^/\s]+\S*$", description="Up to and with /v1."
    )
    key: SecretStr = Field(default=SecretStr(""), description="Bearer token; empty: none is sent.")
    server: str = Field(default="edit-flows", description="Which kind of server it is: a key of the quirks table.")
    model: str = Field(default="", description="The model to ask for; empty: whatever an edit-flows server serves.")
    licence: Literal["", "commercial", "research"] = Field(
        default="", description="What the licence of the server's model allows; empty: as the server or our table says."
    )
    timeout: float = Field(
        default=900,
        gt=0,
        le=86_400,
        description="Seconds one edit may take: waiting its turn, being made, coming back, repeats.",
    )

    @field_validator("server")
    @classmethod
    def _known(cls, server: str) -> str:
        if server not in SERVERS:
            raise ValueError(f"known servers: {', '.join(SERVERS)}")
        return server

    @field_validator("url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        try:
            return str(httpx.URL(url)).rstrip("/")
        except httpx.InvalidURL as odd:
            raise ValueError(str(odd)) from odd
