import logging
from datetime import timedelta

import pytest

from tasks.domain.errors import OutputError, TransientError
from tasks.storage import files, listing
from tasks.storage.monitor import forget_samples, keep_report, keep_samples, newest_report, samples_between
from tests.health import HOUR, MIDNIGHT, every_ten_seconds, health, sample

MINUTE = timedelta(minutes=1)


def minutes(since, until, host="render-1"):
    """Samples minute by minute, as the sampler writes them."""
    while since < until:
        yield list(every_ten_seconds(since, since + MINUTE, host))
        since += MINUTE


def test_what_was_kept_is_found_by_its_time_across_midnight_and_by_host(base):
    for host in ("렌더-1", "render 2/a"):
        for held in minutes(MIDNIGHT - 4 * MINUTE, MIDNIGHT + 4 * MINUTE, host):
            keep_samples(base, held)
    found = list(samples_between(base, MIDNIGHT - 2 * MINUTE, MIDNIGHT + 3 * MINUTE))
    assert {one.host for one in found} == {"렌더-1", "render 2/a"}
    assert len(found) == 2 * 5 * 6
    assert min(one.at for one in found) == MIDNIGHT - 2 * MINUTE
    assert max(one.at for one in found) == MIDNIGHT + 3 * MINUTE - timedelta(seconds=10)
    assert list(samples_between(base, MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR)) == []


def test_samples_held_over_hours_are_found_where_they_belong_and_read_once_though_written_twice(base):
    held = list(every_ten_seconds(MIDNIGHT - HOUR / 2, MIDNIGHT + HOUR / 2))
    keep_samples(base, held)
    keep_samples(base, held)
    assert len(list(listing.under(base))) == 4
    assert len(list(samples_between(base, MIDNIGHT, MIDNIGHT + HOUR))) == 180


def test_old_days_of_a_host_are_forgotten_and_of_no_other(base):
    for host in ("a", "a-b"):
        for days in range(4):
            keep_samples(base, [sample(MIDNIGHT - timedelta(days=days), host)])
    assert forget_samples(base, "a", MIDNIGHT - timedelta(days=1, hours=-3)) == 2
    left = sorted(entry.key.split("/")[1:] for entry in listing.under(base))
    assert [day for day, name in left if "-a-b-" in name] == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]
    assert [day for day, name in left if "-a-b-" not in name] == ["2026-11-25", "2026-11-26"]


def test_lines_that_are_no_samples_are_left_out_and_told_of(tmp_path, caplog):
    good = sample(MIDNIGHT).model_dump_json()
    files.write_once(f"{tmp_path}/samples/2026-11-26/000000-x-000000.jsonl", f'{{"old": 1}}\n{good}\n'.encode())
    files.write_once(f"{tmp_path}/samples/2026-11-26/notes.txt", b"mine")
    with caplog.at_level(logging.WARNING):
        assert len(list(samples_between(str(tmp_path), MIDNIGHT, MIDNIGHT + HOUR))) == 1
    assert "line 1 is no sample" in caplog.text


def test_the_newest_report_is_the_one_of_today_or_else_of_yesterday(base):
    told = health(*every_ten_seconds(MIDNIGHT - HOUR, MIDNIGHT, "렌더-1", gpus=1))
    assert newest_report(base, MIDNIGHT) is None
    for ago in (3, 2, 1):
        shift = ago * HOUR
        keep_report(base, told.model_copy(update={"since": told.since - shift, "until": told.until - shift}))
    found = newest_report(base, MIDNIGHT + HOUR)
    assert found is not None
    assert found.until == MIDNIGHT - HOUR
    assert found.hosts == told.hosts
    assert newest_report(base, MIDNIGHT + timedelta(days=1)) is None


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    tmp_path.joinpath("file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot write .* choose another output"):
        keep_samples(str(tmp_path / "file"), [sample(MIDNIGHT)])


def test_a_store_that_is_away_is_a_fault_that_may_pass(s3, monkeypatch):
    from s3fs import S3FileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(TransientError):
        keep_samples(s3, [sample(MIDNIGHT)])
    S3FileSystem.clear_instance_cache()
