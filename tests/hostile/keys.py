"""Names that objects and files are given, in a folder and in a real bucket, and what stores say about them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote_plus

from hypothesis import strategies as st

from deployments.events.notices import read_notices
from tasks.domain.errors import EditFlowError, RequestError
from tasks.domain.inbox import Arrival, objection_to, same_name, stem_of
from tasks.storage import bounds, files, listing
from tasks.storage.naming import own_name
from tests.hostile.surface import Case, Surface, drawn
from tests.hostile.words import as_json, near, text

LONGEST_NAME = 255
"""Bytes of a file's name."""
LONGEST_PATH = 4000
"""Characters of a key; no system takes more, and messages repeat it."""
PARTS = ("..", ".", "", "%2e%2e", "inbox", "warm", "a.png", "사진.png", "\u1109\u1161.png", "a" * 300, "con", "~", "*")
_KEYS = (
    st.lists(st.sampled_from(PARTS) | text, min_size=1, max_size=5).map("/".join).map(lambda key: key[:LONGEST_PATH])
)
_RECORD = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "drop"}, "object": {"key": "inbox/w/a.png"}}}


def named(key: str) -> None:
    """The records of an object can be written, whatever its name."""
    objection_to(key, 10)
    arrival = Arrival(uri=f"s3://drop/inbox/{key}", etag="e", recipe=same_name(key.split("/", maxsplit=1)[0]))
    for name in (arrival.done_name, arrival.refused_name, f"{arrival.failed_stem}.json", f"{own_name(key)}.png"):
        assert "/" not in name, f"the name {name!r} has a slash"
        assert len(name.encode()) <= LONGEST_NAME, f"the name {name!r} is too long"
    stem_of(key)


def local(case: Case, folder: Path) -> None:
    """A file of that name is written and read below the folder, or refused."""
    os.environ[bounds.VARIABLE] = str(folder)
    key = case.decode("utf-8", "surrogatepass")
    if key.isprintable():  # listings spell out what is no text before anything else sees it
        named(key)
    files.write_once(f"{folder}/{own_name(key)}.png", b"picture")
    through(f"{folder}/work/{key}")


def bucket(case: Case, folder: Path) -> None:
    """An object of that name is written and read below the prefix, or refused; what was written is listed."""
    key = case.decode("utf-8", "surrogatepass")
    uri = f"s3://outbox/hostile/{key}"
    os.environ[bounds.VARIABLE] = "s3://outbox/hostile"
    if (
        not key.isprintable() or "" in key.split("/") or "\\" in key
    ):  # this store changes these; an inbox objects to them
        files.write_once(uri, b"picture")
        return
    through(uri)
    assert uri in {entry.uri for entry in listing.under("s3://outbox/hostile")}, "what was written is not listed"
    files.delete(uri)


def through(uri: str) -> None:
    """Written, looked at and read."""
    files.write_once(uri, b"picture")
    listing.look(uri)
    assert files.read(uri) == b"picture"


def noticed(case: Case, folder: Path) -> None:
    """A message of a store: what it names can be taken to a run, or is refused."""
    for notice in read_notices(case):
        notice.uri.encode()


def _record(key: str) -> dict[str, object]:
    s3 = {"bucket": {"name": "drop"}, "object": {"key": quote_plus(key, errors="surrogatepass"), "eTag": '"e"'}}
    return {"Records": [_RECORD | {"s3": s3}]}


_SEAWEED = {"event_type": "create", "message": {"new_entry": {"name": "a.png"}, "new_parent_path": "/buckets/drop"}}
_NOTICES = near({"Records": [_RECORD]}) | near(_SEAWEED) | _KEYS.map(_record)

SURFACES = {
    "key local": Surface(drawn(_KEYS.map(lambda key: key.encode("utf-8", "surrogatepass"))), local, (EditFlowError,)),
    "key S3": Surface(drawn(_KEYS.map(lambda key: key.encode("utf-8", "surrogatepass"))), bucket, (RequestError,)),
    "event": Surface(drawn(as_json(_NOTICES) | _KEYS.map(lambda key: json.dumps(_record(key)).encode())), noticed),
}
