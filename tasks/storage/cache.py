"""Finished work kept for others who ask the same: whole files by key, bounded in size, local or in a bucket.

Every entry is one file, written whole or not at all, with the SHA-256 of all it holds: what does not match is thrown
away and done anew. Those used longest ago go first.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tasks.domain.errors import EditFlowError, ImageError
from tasks.storage import files, listing

MANIFEST = "manifest.json"
LEFT = 0.8
"""Share of the bound that is left after a sweep."""
SWEEP = 0.01
"""Share of the bound that is written between two sweeps, on average."""
RENEWED = timedelta(hours=12)
"""Age from which an object in a bucket is copied onto itself when it is used: that is how its last use is told."""


class Cache(NamedTuple):
    """Where entries lie, and how many bytes of them there may be."""

    base: str
    bound: int


def get(cache: Cache, key: str) -> dict[str, bytes] | None:
    """What is kept under the key, by name; None when nothing is, or nothing that is as it was written."""
    uri = _uri(cache, key)
    found = listing.look(uri)
    if found is None:
        return None
    try:
        kept = _unpacked(files.read(uri))
    except ImageError:  # swept away meanwhile
        return None
    except (zipfile.BadZipFile, ValueError, KeyError, RuntimeError, NotImplementedError):
        with suppress(EditFlowError):
            files.delete(uri)
        return None
    with suppress(EditFlowError, OSError):
        _used(uri, found)
    return kept


def put(cache: Cache, key: str, kept: Mapping[str, bytes]) -> None:
    """Keep files under the key; nothing happens when there are some. Now and then the oldest entries go."""
    data = _packed(kept)
    if len(data) > cache.bound:
        return
    files.write_once(_uri(cache, key), data)
    # a sweep lists everything: by chance, so that processes need not know of each other
    if random.random() < len(data) / (SWEEP * cache.bound):  # noqa: S311  no secret
        sweep(cache)


def sweep(cache: Cache) -> int:
    """How many entries were removed, longest unused first, to come from over the bound to four fifths of it."""
    entries = sorted(listing.under(cache.base), key=lambda entry: entry.changed)
    size = sum(entry.size for entry in entries)
    removed = 0
    if size > cache.bound:
        for entry in entries:
            if size <= LEFT * cache.bound:
                break
            files.delete(entry.uri)
            size -= entry.size
            removed += 1
    return removed


def _uri(cache: Cache, key: str) -> str:
    return files.join(cache.base, key[:2], f"{key}.zip")


def _packed(kept: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
        archive.writestr(MANIFEST, json.dumps({name: hashlib.sha256(data).hexdigest() for name, data in kept.items()}))
    return target.getvalue()


def _unpacked(data: bytes) -> dict[str, bytes]:
    """The files of an entry. Raises `ValueError` or what `zipfile` does when they are not what was written."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > len(data):
            raise ValueError("an entry is not compressed")
        expected: dict[str, str] = json.loads(archive.read(MANIFEST))
        kept = {name: archive.read(name) for name in expected}
    if wrong := [name for name, content in kept.items() if hashlib.sha256(content).hexdigest() != expected[name]]:
        raise ValueError(f"{', '.join(wrong)} changed")
    return kept


def _used(uri: str, entry: listing.Entry) -> None:
    """Tell later sweeps that the entry was used now."""
    if not uri.startswith("s3://"):
        now = time.time()
        os.utime(uri, (now, now))
    elif datetime.now(UTC) - entry.changed > RENEWED:
        files.renew(uri)
