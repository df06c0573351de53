from __future__ import annotations

import pytest

from tasks.domain.errors import RequestError
from tasks.storage import files, listing
from tasks.storage.bounds import VARIABLE, allowed, ensure_within


@pytest.fixture
def allow(monkeypatch):
    def put(*places):
        monkeypatch.setenv(VARIABLE, ", ".join(map(str, places)))
        allowed.cache_clear()

    yield put
    monkeypatch.delenv(VARIABLE, raising=False)
    allowed.cache_clear()


def test_without_the_setting_every_place_is_allowed(allow):
    allow()
    ensure_within("/anywhere")
    ensure_within("s3://any/where")


@pytest.mark.parametrize(
    "place",
    [
        "s3://drop",
        "s3://drop-2/a.png",
        "s3://drop/outside/a.png",
        "s3://drop/in/../outside/a.png",
        "/etc/passwd",
        "a.png",
    ],
)
def test_what_lies_outside_is_refused(allow, tmp_path, place):
    allow("s3://drop/in", tmp_path)
    with pytest.raises(RequestError, match=r"EDIT_FLOWS_ALLOWED|without \. or \.\."):
        ensure_within(place)


def test_what_lies_inside_is_not(allow, tmp_path):
    allow("s3://drop/in", tmp_path)
    for place in ("s3://drop/in", "s3://drop/in/여름/a.png", str(tmp_path), f"{tmp_path}/a/b.png"):
        ensure_within(place)


def test_neither_a_link_nor_dots_lead_out(allow, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.png").write_bytes(b"x")
    (inside / "link").symlink_to(outside)
    allow(inside)
    for place in (f"{inside}/link/secret.png", f"{inside}/../out/secret.png"):
        with pytest.raises(RequestError, match=VARIABLE):
            files.read(place)
        with pytest.raises(RequestError, match=VARIABLE):
            files.write_once(f"{place}.json", b"")
        with pytest.raises(RequestError, match=VARIABLE):
            listing.look(place)
    with pytest.raises(RequestError, match=VARIABLE):
        list(listing.under(str(outside)))
    assert sorted(path.name for path in outside.iterdir()) == ["secret.png"]
