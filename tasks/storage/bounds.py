"""Where this installation may read and write: EDIT_FLOWS_ALLOWED, folders and s3:// prefixes separated by commas.

Whoever may start a run names pictures and outputs; on a shared host that must not be the whole disk. Empty: anywhere.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from tasks.domain.errors import RequestError

VARIABLE = "EDIT_FLOWS_ALLOWED"


def canonical(base: str) -> str:
    """One spelling for one place: an absolute path without links, or s3://bucket/prefix without slashes at its end."""
    if not base.startswith("s3://"):
        if "://" in base:
            raise RequestError(f"cannot open {base!r}: use a local path or s3://bucket/prefix")
        try:
            return str(Path(base).resolve())
        except (OSError, ValueError, RuntimeError) as impossible:  # NUL, half a character, links in a circle
            raise RequestError(f"cannot open {base!r}: {impossible}; correct the path") from impossible
    bucket, _, prefix = base.removeprefix("s3://").partition("/")
    parts = [part for part in prefix.split("/") if part]
    if not bucket or {".", ".."} & set(parts):
        raise RequestError(f"cannot open {base!r}: give s3://bucket/prefix without . or .. in it")
    return "/".join([f"s3://{bucket}", *parts])


@cache
def allowed() -> tuple[str, ...]:
    """The places of the setting, read once; none: everything is allowed."""
    return tuple(canonical(place.strip()) for place in os.environ.get(VARIABLE, "").split(",") if place.strip())


def ensure_within(uri: str) -> None:
    """Return for a place that is allowed; raises `RequestError` for one that is not, links and .. followed first."""
    if not allowed():
        return
    place = canonical(uri)
    if not any(place == root or place.startswith(f"{root.rstrip('/')}/") for root in allowed()):
        raise RequestError(f"{uri!r} is outside what may be read and written here ({', '.join(allowed())}): {VARIABLE}")
