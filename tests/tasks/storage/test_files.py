"""One contract, two stores: a local folder and a bucket of a real S3 server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from s3fs import S3FileSystem

from tasks.domain.errors import ImageError, OutputError, RequestError, TransientError
from tasks.storage import files, listing

NAMES = ["poster.png", "여름 할인.png", "夏季#1 50% & more?.png", "a/deep/er.png"]


def race(uri: str, number: int, go: str) -> bool:
    while not Path(go).exists():
        time.sleep(0.001)
    return files.write_once(uri, f"writer {number} ".encode() * 20_000)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_written_is_read_back_under_any_name(base, name):
    uri = files.join(base, name)
    assert not files.exists(uri)
    assert files.write_once(uri, b"one")
    assert files.exists(uri)
    assert files.read(uri) == b"one"


def test_what_is_replaced_is_seen_as_it_was_or_as_it_is_and_nothing_in_between(base):
    uri, old, new = f"{base}/a.json", b"old " * 100_000, b"new " * 200_000
    files.replace(uri, old)  # whether or not it is there
    seen = set[bytes]()
    with ThreadPoolExecutor(1) as writer:
        writing = [writer.submit(files.replace, uri, data) for data in [new, old] * 10]
        while not all(one.done() for one in writing):
            seen.add(files.read(uri))
    assert not any(one.exception() for one in writing)
    assert seen <= {old, new}
    assert files.read(uri) == old
    assert [entry.key for entry in listing.under(base)] == ["a.json"]


def test_the_first_writer_wins_and_the_second_changes_nothing(base):
    uri = files.join(base, "once.json")
    assert files.write_once(uri, b"first")
    assert not files.write_once(uri, b"second")
    assert files.read(uri) == b"first"


def test_of_eight_processes_exactly_one_writes_and_its_file_is_whole(base, tmp_path):
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(8) as pool:
        for turn in range(3):
            uri, go = files.join(base, f"race-{turn}.bin"), tmp_path / f"go-{turn}"
            runs = [pool.apply_async(race, (uri, number, str(go))) for number in range(8)]
            go.touch()
            won = [run.get(timeout=60) for run in runs]
            assert sum(won) == 1
            assert files.read(uri) == f"writer {won.index(True)} ".encode() * 20_000


def test_deleting_removes_and_deleting_again_is_no_error(base):
    uri = files.join(base, "gone.png")
    files.write_once(uri, b"x")
    files.delete(uri)
    assert not files.exists(uri)
    files.delete(uri)


def test_a_missing_file_is_named(base):
    with pytest.raises(ImageError, match="nowhere"):
        files.read(files.join(base, "nowhere.png"))


def test_probing_an_output_leaves_nothing_behind(base, tmp_path):
    files.ensure_writable(files.join(base, "new", "place"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not (tmp_path / "out").exists()


def test_an_output_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"not a folder|Not a directory"):
        files.ensure_writable(str(tmp_path / "file" / "out"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError):
        files.ensure_writable(str(tmp_path))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("NoSuchBucket", OutputError),
        ("AccessDenied", OutputError),
        ("PreconditionFailed", FileExistsError),
        ("ConditionalRequestConflict", FileExistsError),
        ("SlowDown", TransientError),
        ("InternalError", TransientError),
    ],
)
def test_what_s3_answers_becomes_a_refusal_a_lost_race_or_a_passing_fault(code, error):
    answer = ClientError({"Error": {"Code": code}}, "PutObject")
    with pytest.raises(error), files.faults("s3://b/k", OutputError):
        raise OSError(22, "as s3fs wraps it") from answer


def test_wrong_credentials_are_refused_and_not_retried(s3, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(OutputError, match="credentials"):
        files.ensure_writable(s3)


def test_a_server_that_is_down_is_a_passing_fault_found_out_quickly(monkeypatch, s3):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    S3FileSystem.clear_instance_cache()
    begun = time.monotonic()
    with pytest.raises(TransientError):
        files.read(files.join(s3, "a.png"))
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("uri", ["http://example.com/a.png", "ftp://h/a.png", "file:///etc/passwd"])
def test_other_schemes_are_refused(uri):
    with pytest.raises(RequestError, match=r"local path or s3|plain paths"):
        files.read(uri)


def test_a_folder_and_an_oversized_file_are_refused_before_reading(tmp_path, monkeypatch):
    with pytest.raises(ImageError, match="folder"):
        files.read(str(tmp_path))
    (tmp_path / "big.png").write_bytes(b"12345")
    monkeypatch.setattr(files, "MAX_BYTES", 4)
    with pytest.raises(ImageError, match="limit"):
        files.read(str(tmp_path / "big.png"))


def test_a_writer_killed_in_the_middle_leaves_no_file_of_that_name(tmp_path):
    target = tmp_path / "half.bin"
    code = (
        "import os, signal, sys\n"
        "from tasks.storage import files\n"
        "os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_once(sys.argv[1], b'x' * 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    assert files.write_once(str(target), b"whole")


@pytest.mark.parametrize("name", ["y" * 300, "nul\0byte"])
def test_names_no_disk_takes_are_refused(name, tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        files.ensure_writable(str(tmp_path / name))


def test_a_device_is_no_picture():
    with pytest.raises(ImageError, match="device"):
        files.read("/dev/zero")


def test_a_bucket_must_be_named():
    with pytest.raises(OutputError, match="bucket"):
        files.ensure_writable("s3://")
