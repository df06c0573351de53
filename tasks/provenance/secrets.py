"""Where a key or certificate comes from: the setting itself, a file it names, or a secret of the Prefect server."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from tasks.domain.errors import SettingsError

BLOCK = "prefect:"
"""Before the name of a Secret block of the Prefect server, as in prefect:signing-key."""


def secret(value: str, variable: str) -> bytes:
    """What the value of a setting stands for: PEM text as it is, the content of a file, or of a Secret block.

    Raises `SettingsError` naming the variable, never the content.
    """
    if value.lstrip().startswith("-----BEGIN "):
        return value.encode()
    if value.startswith(BLOCK):
        return _of_prefect(value.removeprefix(BLOCK), variable)
    try:
        return Path(value).read_bytes()
    except (OSError, ValueError) as unreadable:
        reason = getattr(unreadable, "strerror", None) or "no path"
        raise SettingsError(
            f"{variable} is neither PEM text nor a file that can be read ({reason}): give the text, a path, or "
            f"{BLOCK}NAME of a Secret block"
        ) from unreadable


def _of_prefect(name: str, variable: str) -> bytes:
    from prefect.blocks.system import Secret  # noqa: PLC0415  only where one is named

    try:
        block = cast("Secret[str]", Secret.load(name))  # Prefect's types leave open whether it awaits
        return str(block.get()).encode()
    except ValueError as missing:  # all that Prefect says of a block that is not there
        raise SettingsError(
            f"{variable} names the Prefect secret {name!r}, which does not exist: create it in the Prefect UI "
            "(Blocks, Secret), or give a file"
        ) from missing
