"""What differs between places this runs at; everything else is data beside its reader."""

from functools import cache

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.domain.errors import SettingsError

PREFIX = "EDIT_FLOWS_"


class Settings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_ENGINE, EDIT_FLOWS_OUTPUT and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    engine: str = Field(default="classical", description="Engine used when a request names none.")
    output: str = Field(default="outputs", description="Folder or s3:// prefix used when a request names none.")
    max_attempts: int = Field(default=3, ge=1, description="Tries per request, the first included.")
    max_engine_seconds: float = Field(default=600, gt=0, description="Engine time per request, all tries together.")


@cache
def settings() -> Settings:
    """The settings of this process, read once. Raises `SettingsError` naming the variable whose value is wrong."""
    try:
        return Settings()
    except ValidationError as wrong:
        problems = "; ".join(
            f"{PREFIX}{str(problem['loc'][0]).upper()}={problem['input']!r}: {problem['msg']}"
            for problem in wrong.errors()
        )
        raise SettingsError(problems) from wrong
