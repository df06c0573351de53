"""The command line, run as a user runs it: a process of its own, exit codes, one line on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from flows.__main__ import labelled, main, read_prompts
from tasks.domain.errors import RequestError


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "flows", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(root), "PREFECT_HOME": str(cwd / "prefect"), "PATH": "/usr/bin:/bin", "HOME": str(cwd)},
        check=False,
    )


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    return path


def test_an_edit_prints_one_json_document_and_exits_zero_when_accepted(photo, tmp_path):
    done = run("edit", photo, "Make it sepia", "--json", "--metadata", "campaign=여름", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "accepted"
    assert result["request"]["metadata"] == {"campaign": "여름"}
    assert Path(tmp_path, result["output"]["uri"]).exists()
    assert result["engine"]["stand_in"] is True


def test_a_bad_picture_ends_in_one_line_exit_code_one_and_no_file(tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    done = run("edit", "notes.png", "Make it sepia", cwd=tmp_path)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "notes.png" in errors[0]
    assert "Traceback" not in done.stderr
    assert not [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["edit", "a.png"],
        ["edit", "a.png", "   "],
        ["edit", "a.png", "x" * 3000],
        ["edit", "a.png", "make it red", "--edit-type", "magic"],
        ["edit", "a.png", "make it red", "--metadata", "no-equals-sign"],
        ["edit", "a.png", "make it red", "--seed", "-4"],
        ["edit", "a\udcff.png", "make it red"],
        ["classify"],
        ["classify", "--batch", "nowhere.jsonl"],
    ],
)
def test_a_command_that_cannot_be_carried_out_says_so_in_one_line(arguments, capsys):
    assert main(arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_classify_answers_a_batch_line_by_line_in_the_same_order(tmp_path, capsys):
    batch = tmp_path / "prompts.jsonl"
    prompts = ["Change the text 'A' to 'B'", "수채화 스타일로 바꿔줘", "把背景换成蓝色"]
    batch.write_text("\n".join(json.dumps({"prompt": prompt}) for prompt in prompts), encoding="utf-8")
    assert main(["classify", "--batch", str(batch), "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["edit_type"] for answer in answers] == ["text", "semantic", "appearance"]
    assert all(set(answer) == {"edit_type", "confidence", "reason"} for answer in answers)


def test_a_line_that_is_no_prompt_is_named_by_its_number(tmp_path):
    batch = tmp_path / "prompts.jsonl"
    batch.write_text('{"prompt": "make it red"}\n{"text": "?"}\n')
    with pytest.raises(RequestError, match="line 2"):
        list(read_prompts(batch))


def test_a_label_may_hold_further_equals_signs():
    assert labelled("link=a=b") == ("link", "a=b")


@pytest.mark.parametrize("pair", ["", "=", "=value", "key"])
def test_a_label_without_key_or_equals_sign_is_refused(pair):
    with pytest.raises(RequestError):
        labelled(pair)


def test_an_inbox_is_worked_off_and_what_was_refused_shows_in_the_exit_code(photo, tmp_path):
    (tmp_path / "drop/inbox/세피아").mkdir(parents=True)
    (tmp_path / "drop/recipes").mkdir()
    (tmp_path / "drop/recipes/세피아.yaml").write_text("prompt: 세피아 톤으로 바꿔줘\n", encoding="utf-8")
    photo.rename(tmp_path / "drop/inbox/세피아/사진 1.png")
    (tmp_path / "drop/inbox/세피아/notes.txt").write_text("x")
    done = run("inbox", "drop", "--settle", 0, "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["counts"] == {"accepted": 1, "refused": 1}
    assert "ending .txt is none of a picture" in str(answer["handled"])
