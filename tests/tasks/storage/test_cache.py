from __future__ import annotations

import os
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tasks.storage import files, listing
from tasks.storage.cache import LEFT, Cache, get, put, sweep

KEPT = {"result.json": b"{}", "picture": b"pixels" * 50}


def key(number):
    return f"{number:064x}"


@pytest.fixture
def cache(base) -> Cache:
    """A cache in a local folder and in a bucket in turn, with room for about ten entries."""
    return Cache(base, 8000)


def entries(cache):
    return {entry.key.rpartition("/")[2] for entry in listing.under(cache.base)}


def test_what_is_kept_is_found_and_what_is_not_is_not(cache):
    put(cache, key(1), KEPT)
    assert get(cache, key(1)) == KEPT
    assert get(cache, key(2)) is None


def test_what_is_kept_first_stays(cache):
    put(cache, key(1), KEPT)
    put(cache, key(1), {"other": b"x"})
    assert get(cache, key(1)) == KEPT


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty", "without a manifest"])
def test_a_damaged_entry_is_thrown_away_and_can_be_kept_anew(cache, damage):
    put(cache, key(1), KEPT)
    (uri,) = [entry.uri for entry in listing.under(cache.base)]
    data = files.read(uri)
    files.delete(uri)
    middle = data.index(b"pixels") + 9
    damaged = {
        "cut": data[:-40],
        "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "foreign": b"<html>404</html>",
        "empty": b"",
        "without a manifest": data.replace(b"manifest.json", b"menifest.json"),
    }
    files.write_once(uri, damaged[damage])
    assert get(cache, key(1)) is None
    assert not files.exists(uri)
    put(cache, key(1), KEPT)
    assert get(cache, key(1)) == KEPT


def test_a_changed_picture_under_a_valid_checksum_of_the_archive_is_found_out(tmp_path):
    cache = Cache(str(tmp_path), 8000)
    put(cache, key(1), KEPT)
    (path,) = tmp_path.rglob("*.zip")
    with zipfile.ZipFile(path) as archive:
        manifest = archive.read("manifest.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("result.json", KEPT["result.json"])
        archive.writestr("picture", b"poison")
        archive.writestr("manifest.json", manifest)
    assert get(cache, key(1)) is None


def test_those_used_longest_ago_go_first_down_to_four_fifths(tmp_path):
    cache = Cache(str(tmp_path), 8000)
    for number in range(8):
        put(cache, key(number), KEPT)
    paths = sorted(tmp_path.rglob("*.zip"))
    assert get(cache, key(0))  # used: now the youngest
    for path, number in zip(paths[1:], range(1, 8), strict=True):
        os.utime(path, (number, number))
        time.sleep(0.01)  # the time of change tells the order
    assert get(cache, key(0))
    size = sum(path.stat().st_size for path in paths)
    tight = Cache(str(tmp_path), size - 1)
    assert sweep(tight) == 2
    assert f"{key(0)}.zip" in entries(cache)
    assert f"{key(1)}.zip" not in entries(cache)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.zip")) <= LEFT * tight.bound


def test_it_never_grows_far_over_its_bound(cache):
    for number in range(60):
        put(cache, key(number), KEPT)
    assert sum(entry.size for entry in listing.under(cache.base)) <= cache.bound
    assert len(entries(cache)) > 5


def test_what_is_larger_than_the_whole_cache_is_not_kept(cache):
    put(cache, key(1), {"picture": b"x" * 9000})
    assert get(cache, key(1)) is None


def _hammer(place: tuple[str, int]) -> int:
    base, seed = place
    cache = Cache(base, 8000)
    for number in range(40):
        put(cache, key((number + seed) % 20), KEPT)
        found = get(cache, key((number * 7 + seed) % 20))
        if found not in (None, KEPT):
            return 1
    return 0


def test_several_processes_that_write_read_and_sweep_never_see_half_an_entry(tmp_path):
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(_hammer, [(str(tmp_path), seed) for seed in range(3)])) == [0, 0, 0]
    assert not [path for path in Path(tmp_path).rglob("*") if path.is_file() and path.suffix != ".zip"]
