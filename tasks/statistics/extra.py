"""Packages of the extra `campaigns`, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tasks.domain.errors import RequestError


def extra(module: str) -> Any:  # noqa: ANN401  a module without types
    """A module of the extra. Raises `RequestError` saying what to install where it is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise RequestError(
            f'tests and charts need {missing.name!r}, which is not installed: pip install -e ".[campaigns]"'
        ) from missing
