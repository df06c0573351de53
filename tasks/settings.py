"""What differs between places this runs at; everything else is data beside its reader."""

from enum import StrEnum
from functools import cache
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks.domain.models import Label, Marking, Marks
from tasks.domain.review import Late
from tasks.engines.registry import ENGINES
from tasks.environment import read
from tasks.storage import files
from tasks.storage.cache import Cache

PREFIX = "EDIT_FLOWS_"


class Dispatch(StrEnum):
    """Where composing flows have their edits done."""

    AUTO = "auto"
    """In their own process when run by hand, through the gpu pool when run by a deployment."""
    INLINE = "inline"
    POOL = "pool"


class Settings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_ENGINE, EDIT_FLOWS_OUTPUT and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    engine: str = Field(default="classical", description="Engine used when a request names none.")
    output: str = Field(default="outputs", description="Folder or s3:// prefix used when a request names none.")
    max_attempts: int = Field(default=3, ge=1, description="Tries per request, the first included.")
    max_engine_seconds: float = Field(default=600, gt=0, description="Engine time per request, all tries together.")
    alternates: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Engines tried, in this order, when the first cannot get it right; separated by commas."
    )
    typeset_fallback: bool = Field(
        default=True, description="Whether the classical engine may set the words of a text edit no other got right."
    )
    dispatch: Dispatch = Field(default=Dispatch.AUTO, description="Where composing flows have their edits done.")
    review_days: float = Field(default=14, gt=0, description="Days after which a result in review is overdue.")
    review_late: Late = Field(default=Late.KEEP, description="What then happens to it: keep, reject or approve.")
    api_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="Where people reach the HTTP API; links in the UI begin with it.",
    )
    cache: str = Field(default="", description="Folder or s3:// prefix of the result cache; empty: none.")
    cache_bytes: int = Field(default=10_000_000_000, ge=1, description="Bytes the result cache may grow to.")
    monitor: str = Field(
        default="", description="Folder or s3:// prefix of samples and reports; empty: .monitor in the output."
    )
    marks: Marks = Field(default=Marks.ALL, description="Which results say in their file what they are.")
    label: Label = Field(default=Label.NONE, description="Language of a visible label where a request names none.")
    watermark: bool = Field(default=False, description="Whether results carry an invisible mark in their pixels.")
    rewrite: bool = Field(
        default=False, description="Whether an engine's vision-language model may put instructions in clearer words."
    )

    @field_validator("alternates", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        names = [name for name in map(str.strip, value.split(",")) if name] if isinstance(value, str) else value
        if isinstance(names, list) and (unknown := [name for name in names if name not in ENGINES]):
            raise ValueError(f"no engine is called {', '.join(unknown)}; known engines: {', '.join(sorted(ENGINES))}")
        return names


@cache
def settings() -> Settings:
    """The settings of this process, read once. Raises `SettingsError` naming the variable whose value is wrong."""
    return read(Settings)


def marking_of(label: Label | None = None, *, draft: bool = False, exif: bool = False) -> Marking:
    """How a result is to be marked: as asked, else as set; a draft neither visibly nor in its pixels."""
    return Marking(
        marks=settings().marks,
        label=Label.NONE if draft else label or settings().label,
        watermark=settings().watermark and not draft,
        exif=exif,
    )


def result_cache() -> Cache | None:
    """The result cache of this installation; None without one."""
    return Cache(settings().cache, settings().cache_bytes) if settings().cache else None


def monitor_folder() -> str:
    """Where this installation keeps what it knows of its machines and its work."""
    return settings().monitor or files.join(settings().output, ".monitor")
