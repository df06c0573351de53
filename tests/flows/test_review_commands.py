"""The commands of review, in this process; the one that edits in a process of its own."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest
from skimage import data

from flows.__main__ import main
from tasks.domain.results import EditResult, Outcome
from tasks.inboxes import inboxes
from tasks.settings import settings
from tests.flows.test_cli import run
from tests.reviewing import put_in_review


@pytest.fixture
def output(tmp_path, monkeypatch):
    """The output whose results are reviewed."""
    monkeypatch.setenv("EDIT_FLOWS_OUTPUT", str(tmp_path / "out"))
    for one in (settings, inboxes):
        one.cache_clear()
    yield tmp_path / "out"
    for one in (settings, inboxes):
        one.cache_clear()


def test_what_waits_is_listed_oldest_first_with_its_reason(output, tmp_path, capsys):
    first = put_in_review(str(output), tmp_path / "a.png", Outcome.REJECTED, "하늘을 빨갛게 바꿔줘")
    second = put_in_review(str(output / "deep"), tmp_path / "b.png")
    assert main(["review", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["metadata"] for one in listed] == [first, second]
    assert [one["reason"] for one in listed] == ["structure lost", "waits for approval"]
    assert not any(one["overdue"] for one in listed)
    assert main(["review", "list"]) == 0
    assert "하늘을 빨갛게 바꿔줘" in capsys.readouterr().out


def test_one_damaged_file_does_not_hide_the_others(output, tmp_path, capsys):
    Path(put_in_review(str(output), tmp_path / "a.png")).write_text("{", encoding="utf-8")
    whole = put_in_review(str(output), tmp_path / "b.png")
    assert main(["review", "list", "--json"]) == 0
    told = capsys.readouterr()
    assert [one["metadata"] for one in json.loads(told.out)] == [whole]
    assert "not shown" in told.err


def test_an_inbox_is_looked_into_as_well(output, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_INBOX", str(tmp_path / "drop"))
    inboxes.cache_clear()
    metadata = put_in_review(str(tmp_path / "drop" / "outputs" / "vintage"), tmp_path / "a.png")
    main(["review", "list", "--json"])
    assert [one["metadata"] for one in json.loads(capsys.readouterr().out)] == [metadata]


def test_who_decides_is_the_user_of_the_machine_unless_said_otherwise(output, tmp_path, capsys):
    for by, said in (([], getpass.getuser()), (["--by", "김민지"], "김민지")):
        metadata = put_in_review(str(output / said), tmp_path / f"{said}.png")
        assert main(["review", "approve", metadata, *by, "--note", "좋다", "--json"]) == 0
        result = EditResult.model_validate_json(capsys.readouterr().out)
        assert result.review is not None
        assert (result.review.by, result.review.note) == (said, "좋다")
        assert Path(result.output.uri).parent == output / said


def test_a_second_decision_is_an_error_of_one_line_that_names_the_first(output, tmp_path, capsys):
    metadata = put_in_review(str(output), tmp_path / "a.png")
    assert main(["review", "reject", metadata, "--by", "kim"]) == 0
    assert main(["review", "approve", metadata, "--by", "lee"]) == 1
    assert "rejected by kim on" in capsys.readouterr().err
    assert main(["review", "show", metadata]) == 0
    assert "rejected by kim" in capsys.readouterr().out


def test_a_relative_place_will_do(output, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metadata = Path(put_in_review("out", Path("a.png"))).relative_to(".")
    assert main(["review", "approve", str(metadata)]) == 0
    assert (output / metadata.name).exists()


@pytest.mark.parametrize("metadata", ["nowhere.json", "out/review/a-0123456789ab.json", "/etc/passwd"])
def test_what_is_no_result_in_review_is_refused(output, capsys, metadata):
    assert main(["review", "show", metadata]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_an_edit_that_needs_approval_exits_three_and_a_retry_edits_again(tmp_path):
    from PIL import Image

    Image.fromarray(data.astronaut()).resize((128, 128)).save(tmp_path / "photo.png")
    asked = run("edit", "photo.png", "Make it sepia", "--approval", "--json", cwd=tmp_path)
    assert asked.returncode == 3, asked.stderr
    metadata = json.loads(asked.stdout)["metadata_uri"]
    again = run("review", "retry", metadata, "Make it warm", "--by", "kim", "--json", cwd=tmp_path)
    assert again.returncode == 3, again.stderr
    result = json.loads(again.stdout)
    assert (result["outcome"], result["request"]["prompt"]) == ("pending", "Make it warm")
    approved = run("review", "approve", result["metadata_uri"], cwd=tmp_path)
    assert approved.returncode == 0, approved.stderr
    assert Path(tmp_path, "outputs", Path(result["output"]["uri"]).name).exists()
