from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.domain.errors import RequestError
from tasks.storage import files, listing
from tasks.storage.bounds import canonical

NAMES = ["v/사진 1.png", "v/照片+a.png", "v/50% #1.png", "v/a%2Fb.png", "w/deep/er/x.png"]


def test_everything_below_a_place_is_listed_under_its_literal_name(base):
    for name in NAMES:
        files.write_once(files.join(base, name), name.encode())
    found = {entry.key: entry for entry in listing.under(base)}
    assert sorted(found) == sorted(NAMES)
    for name, entry in found.items():
        assert entry.uri == files.join(base, name)
        assert entry.size == len(name.encode())
        assert entry.etag
        assert abs(datetime.now(UTC) - entry.changed).total_seconds() < 60
        again = listing.look(entry.uri)
        assert again is not None
        assert again[2:4] == entry[2:4]
    assert [entry.key for entry in listing.under(base, "v/50")] == ["v/50% #1.png"]


def test_another_content_has_another_etag(base):
    uri = files.join(base, "v/a.png")
    files.write_once(uri, b"one")
    before = listing.look(uri)
    files.delete(uri)
    files.write_once(uri, b"two")
    after = listing.look(uri)
    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_what_is_not_there_is_nothing(base):
    assert list(listing.under(files.join(base, "nowhere"))) == []
    assert listing.look(files.join(base, "nowhere.png")) is None


def test_more_objects_than_a_page_holds_are_all_listed(s3, monkeypatch):
    for number in range(5):
        files.write_once(f"{s3}/{number}.png", b"x")
    store = files.bucket_client()
    call = type(store).call_s3
    monkeypatch.setattr(type(store), "call_s3", lambda self, verb, **more: call(self, verb, MaxKeys=2, **more))
    assert len(list(listing.under(s3))) == 5


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_does_not_exist_is_refused_saying_so():
    with pytest.raises(RequestError, match="bucket does not exist"):
        list(listing.under("s3://no-such-bucket-here/inbox"))


def test_links_pipes_and_names_that_are_no_text_are_told_and_not_followed(tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v/passwd.png").symlink_to("/etc/passwd")
    (tmp_path / "v/etc").symlink_to("/etc")
    os.mkfifo(tmp_path / "v/pipe.png")
    Path(os.fsdecode(os.fsencode(tmp_path / "v") + b"/\xff.png")).touch()
    found = {entry.key: entry.trouble for entry in listing.under(str(tmp_path))}
    assert sorted(found) == ["v/\\xff.png", "v/etc", "v/passwd.png", "v/pipe.png"]
    assert "rename" in found["v/\\xff.png"]
    assert all("link" in found[name] for name in ("v/etc", "v/passwd.png", "v/pipe.png"))


def test_a_copy_that_keeps_an_old_date_is_still_young(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    os.utime(tmp_path / "a.png", (0, 0))
    entry = listing.look(str(tmp_path / "a.png"))
    assert entry
    assert time.time() - entry.changed.timestamp() < 60


def test_one_place_has_one_spelling(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert canonical(f"{tmp_path}/link/") == str(tmp_path / "real")
    assert canonical("s3://b//a/b/") == "s3://b/a/b"


@pytest.mark.parametrize("base", ["s3://", "s3://b/../c", "file:///a", "gs://b"])
def test_places_that_cannot_be_are_refused(base):
    with pytest.raises(RequestError):
        canonical(base)
