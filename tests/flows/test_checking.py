"""The commands check and preserve, from the outside: any two pictures in, one clear answer out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from flows.__main__ import main
from flows.edit import edit_image
from tasks.domain.models import EditRequest
from tasks.domain.results import Outcome
from tests.doubles import drifted
from tests.drawing import Item, poster

PROMPT = "Change the text 'Summer Sale' to 'Winter Sale'"


@pytest.fixture
def folder(tmp_path):
    """A poster, a right and a wrong edit of it, under names with spaces and Hangul."""
    other = Item("Doors open at 7", at=(60, 200), size=30)
    for name, words in (("원본 1", "Summer Sale"), ("맞음", "Winter Sale"), ("틀림", "Winter Salo")):
        poster("slope", Item(words), other).save(tmp_path / f"{name}.png")
    return tmp_path


def ask(capsys, *arguments: object) -> tuple[int, dict[str, Any]]:
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_right_edit_passes_and_a_wrong_one_is_named(folder, capsys):
    code, answer = ask(capsys, "check", folder / "원본 1.png", folder / "맞음.png", "--prompt", PROMPT)
    assert (code, answer["passed"], answer["failures"]) == (0, True, [])
    code, answer = ask(capsys, "check", folder / "원본 1.png", folder / "틀림.png", "--prompt", PROMPT)
    assert (code, answer["passed"]) == (2, False)
    assert "text wrong" in answer["failures"]
    assert set(answer["scores"]) >= {"intact", "text", "preserved"}


def test_the_answer_in_words_says_what_is_wrong_and_a_sheet_shows_it(folder, capsys):
    sheet = folder / "sheet.jpg"
    code = main(
        ["check", str(folder / "원본 1.png"), str(folder / "틀림.png"), "--prompt", PROMPT, "--sheet", str(sheet)]
    )
    assert code == 2
    assert "NOT passed: text wrong" in capsys.readouterr().out
    with Image.open(sheet) as picture:
        assert picture.width > picture.height


def test_a_batch_answers_every_line_in_order_whatever_is_wrong_with_one(folder, capsys):
    pairs = folder / "pairs.jsonl"
    right = {
        "source": str(folder / "원본 1.png"),
        "result": str(folder / "맞음.png"),
        "prompt": PROMPT,
        "note": "extra",
    }
    lines = [right | {"id": 7}, right | {"result": str(folder / "gone.png")}, right | {"edit_type": "text"}]
    pairs.write_text("\n".join([json.dumps(lines[0]), "not json", *map(json.dumps, lines[1:])]), encoding="utf-8")
    code = main(["check", "--batch", str(pairs), "--json"])
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert [answer["passed"] for answer in answers] == [True, False, False, True]
    assert answers[0]["id"] == 7
    assert "line 2" in answers[1]["message"]
    assert "gone.png" in answers[2]["message"]


def test_a_result_of_another_size_is_compared_after_scaling_and_refused(folder, capsys):
    with Image.open(folder / "맞음.png") as right:
        right.resize((320, 210)).save(folder / "small.png")
    code, answer = ask(capsys, "check", folder / "원본 1.png", folder / "small.png", "--prompt", PROMPT)
    assert code == 2
    assert "framing drift" in answer["failures"]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [("empty.png", b"", "0 bytes"), ("text.png", b"hello", "not a picture"), ("cut.png", None, "truncated")],
)
def test_an_unreadable_result_is_an_error_not_a_verdict(folder, capsys, name, content, error):
    whole = (folder / "맞음.png").read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    code, answer = ask(capsys, "check", folder / "원본 1.png", folder / name, "--prompt", PROMPT)
    assert code == 1
    assert error in str(answer["message"])


def test_a_mask_of_another_size_is_an_error_that_names_both_sizes(folder, capsys):
    Image.new("L", (10, 10), 255).save(folder / "mask.png")
    arguments = ("check", folder / "원본 1.png", folder / "맞음.png", "--mask", folder / "mask.png")
    code, answer = ask(capsys, *arguments)
    assert code == 1
    assert "10 x 10" in str(answer["message"])
    assert "640 x 420" in str(answer["message"])


@pytest.mark.parametrize("prompt", ["Cambia el texto 'Summer Sale' por 'Winter Sale'", "👍", "テキストを変えて"])
def test_a_prompt_in_another_language_gets_a_verdict_on_what_can_be_told_from_the_pictures(folder, capsys, prompt):
    code, answer = ask(capsys, "check", folder / "원본 1.png", folder / "원본 1.png", "--prompt", prompt)
    assert code == 2
    assert "unchanged" in answer["failures"]


def test_without_an_instruction_only_what_holds_of_any_edit_is_checked(folder, capsys):
    code, answer = ask(capsys, "check", folder / "원본 1.png", folder / "맞음.png")
    assert code == 0
    assert "text" not in answer["scores"]


@pytest.mark.usefixtures("prefect_server")
def test_the_project_s_own_result_is_checked_by_what_was_recorded_beside_it(folder, capsys):
    made = edit_image(EditRequest(image=str(folder / "원본 1.png"), prompt=PROMPT), str(folder / "out"))
    assert made.outcome is Outcome.ACCEPTED
    code, answer = ask(capsys, "check", folder / "원본 1.png", made.output.uri)
    assert code == 0
    assert "text" in answer["scores"]
    assert answer["identical_outside_mask"] == 1.0


def test_preserve_gives_back_the_source_s_pixels_around_a_local_edit_and_the_mask(tmp_path, capsys):
    before = Image.fromarray(data.coffee())
    after = before.copy()
    ImageDraw.Draw(after).ellipse((220, 120, 330, 230), fill=(40, 90, 220))
    before.save(tmp_path / "a.png")
    drifted(after, 3).save(tmp_path / "b.png")
    code, answer = ask(capsys, "preserve", tmp_path / "a.png", tmp_path / "b.png", "--output", tmp_path / "c.png")
    assert code == 0
    assert answer["applied"] is True
    kept, mask = np.asarray(Image.open(tmp_path / "c.png")), np.asarray(Image.open(str(answer["mask"]))) > 0
    assert (kept == np.asarray(before))[~mask].all()
    assert mask[175, 275]
    assert mask.mean() < 0.1
    code, again = ask(capsys, "check", tmp_path / "a.png", tmp_path / "c.png")
    assert again["identical_outside_mask"] == 1.0


def test_preserve_passes_a_global_edit_through_and_never_overwrites_another_picture(tmp_path, capsys):
    before = Image.fromarray(data.coffee())
    before.save(tmp_path / "a.png")
    before.convert("L").convert("RGB").save(tmp_path / "b.png")
    code, answer = ask(capsys, "preserve", tmp_path / "a.png", tmp_path / "b.png", "--output", tmp_path / "c.png")
    assert (code, answer["applied"], answer["mask"]) == (0, False, None)
    code, answer = ask(capsys, "preserve", tmp_path / "a.png", tmp_path / "b.png", "--output", tmp_path / "a.png")
    assert code == 1
    assert "holds something else" in str(answer["message"])
