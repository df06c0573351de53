"""What one machine was doing at one moment."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from tasks.domain.models import Frozen

INTERVAL = 10.0
"""Seconds between two samples of a machine."""


class Device(Frozen):
    """State of one GPU; None where its driver does not tell."""

    index: int = Field(default=0, ge=0, description="Its number on this machine, from 0.")
    name: str
    memory_used: int | None = Field(default=None, description="Bytes.")
    memory_total: int | None = Field(default=None, description="Bytes.")
    load: float | None = Field(default=None, description="Share of the last moment in which it worked, 0..1.")
    temperature: float | None = Field(default=None, description="Degrees Celsius.")
    power: float | None = Field(default=None, description="Watts drawn.")


class Sample(Frozen):
    """State of one machine."""

    at: AwareDatetime
    host: str
    cpu: float = Field(ge=0, le=1, description="Share of processor time in use since the sample before.")
    memory_used: int = Field(ge=0, description="Bytes that are not available to a program.")
    memory_total: int = Field(gt=0, description="Bytes.")
    uptime: float = Field(ge=0, description="Seconds since the machine was started.")
    gpus: tuple[Device, ...] = Field(default=(), description="Empty without a GPU or without a driver.")
