from __future__ import annotations

import json
import re
from itertools import islice

import pytest

from tasks.domain.errors import RequestError
from tasks.domain.template import Template
from tasks.storage import files
from tasks.storage.orders import ensure_output_outside, orders

WARM = Template(prompt="Give it a warm look", metadata={"campaign": "winter"})


@pytest.fixture
def photos(tmp_path):
    """A folder with pictures, things that are none, and a folder below it."""
    for name in ("b.png", "가을.JPG", "notes.txt", ".hidden.png", "c.png.part", "deep/d.png", "deep/deeper/e.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "photos"


def names(source, template=WARM):
    return [asked.name.rpartition("photos/")[2] for asked in orders(str(source), template)]


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_folder_gives_its_pictures_and_nothing_else_nor_what_lies_deeper(photos):
    assert names(photos) == ["b.png", "가을.JPG"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.png", ["b.png"]),
        ("**/*.png", ["b.png", "deep/d.png"]),
        ("deep/**", ["deep/d.png", "deep/deeper/e.jpg"]),
        ("*/?.*", ["deep/d.png"]),
        ("[b-z].png", ["b.png"]),
    ],
)
def test_a_pattern_gives_what_matches_it(photos, pattern, found):
    assert names(f"{photos}/{pattern}") == found


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path):
    (tmp_path / "photos/[2026]").mkdir(parents=True)
    (tmp_path / "photos/[2026]/a.png").write_bytes(b"x")
    assert names(tmp_path / "photos/[2026]") == ["[2026]/a.png"]


def test_a_bucket_prefix_and_a_pattern_in_it_are_read_alike(s3):
    for key in ("photos/a.png", "photos/여름.jpg", "photos/deep/b.png"):
        files.write_once(f"{s3}/{key}", b"x")
    assert names(f"{s3}/photos") == ["a.png", "여름.jpg"]
    assert names(f"{s3}/photos/**/*.png") == ["a.png", "deep/b.png"]


def test_pictures_take_everything_else_from_the_template(photos):
    asked = next(orders(str(photos), WARM))
    assert asked.request
    assert asked.request.prompt == "Give it a warm look"
    assert asked.request.metadata == {"campaign": "winter"}


def test_a_csv_names_fields_by_its_columns_and_says_nothing_by_empty_cells(tmp_path):
    text = (
        "\ufeffimage,prompt,steps,edit_type,metadata.sku\r\n"
        "a.png,\"Change 'A' to 'B', please\",20,text,\"17, blue\"\r\n"
        ",,,,\r\n"
        "s3://drop/나.png,,,auto,\r\n"
    )
    first, second = orders(write(tmp_path, "list.csv", text), WARM)
    assert first.request
    assert second.request
    assert first.request.image == f"{tmp_path}/a.png"
    assert (first.request.steps, first.request.edit_type) == (20, "text")
    assert first.request.metadata == {"campaign": "winter", "sku": "17, blue"}
    assert second.request.image == "s3://drop/나.png"
    assert second.request.prompt == WARM.prompt
    assert second.request.edit_type is None


def test_a_list_in_a_bucket_names_pictures_beside_it(s3):
    files.write_once(f"{s3}/list.jsonl", json.dumps({"image": "가.png", "prompt": "밝게 해줘"}).encode())
    (asked,) = orders(f"{s3}/list.jsonl", None)
    assert asked.request
    assert asked.request.image == f"{s3}/가.png"


@pytest.mark.parametrize(
    ("line", "objection"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "no object"),
        ('{"image": "a.png"}', "prompt: is missing"),
        ('{"image": "a.png", "prompt": " "}', "empty"),
        ('{"image": "a.png", "prompt": "x", "size": 3}', "size: there is no such field; known: image"),
        ('{"image": "a.png", "prompt": "x", "steps": 9000}', "steps: .*9000"),
        ('{"image": "a.png", "prompt": "x", "metadata": 3}', "metadata"),
        ('{"image": 3, "prompt": "x"}', "image"),
        ('{"image": "' + "a" * 70_000 + '"}', "70,?0"),
        ("[" * 5000, "not JSON"),
    ],
)
def test_a_line_that_is_no_request_says_why_and_the_others_are_read(tmp_path, line, objection):
    good = '{"image": "a.png", "prompt": "Give it a warm look"}'
    bad, fine = orders(write(tmp_path, "list.jsonl", f"{line}\n\n{good}\n"), None)
    assert bad.request is None
    assert re.search(objection, bad.objection), bad.objection
    assert fine.request


def test_a_row_with_more_cells_than_columns_says_so(tmp_path):
    (bad,) = orders(write(tmp_path, "list.csv", "image,prompt\na.png,Brighten it, please\n"), None)
    assert "more cells than the 2 columns" in bad.objection


@pytest.mark.parametrize(
    ("source", "template", "match"),
    [
        ("nowhere", WARM, "there is no folder"),
        ("nowhere.csv", WARM, "cannot read"),
        ("photos", None, "say by prompt or recipe"),
        ("empty", WARM, "holds no picture"),
        ("photos/*.webp", WARM, "holds no picture"),
        ("ftp://host/photos", WARM, "cannot open"),
    ],
)
def test_a_source_that_gives_nothing_is_refused_at_once(photos, monkeypatch, source, template, match):
    (photos.parent / "empty").mkdir()
    monkeypatch.chdir(photos.parent)
    with pytest.raises(RequestError, match=match):
        list(orders(source, template))


def test_a_list_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("image,prompt\n가.png,밝게\n".encode("cp949"))
    with pytest.raises(RequestError, match="UTF-8"):
        list(orders(str(path), None))


def test_an_endless_list_is_read_as_far_as_it_is_wanted(tmp_path):
    line = '{"image": "a.png", "prompt": "Give it a warm look"}\n'
    source = write(tmp_path, "list.jsonl", line * 20_000)
    assert [asked.number for asked in islice(orders(source, None), 3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("source", "output", "refused"),
    [
        ("photos", "photos", True),
        ("photos", "photos/out", False),
        ("photos/**/*.png", "photos/out", True),
        ("photos/*.png", "photos/out", False),
        ("photos", "outputs", False),
        ("photos/list.csv", "photos", False),
    ],
)
def test_an_output_that_the_next_run_would_take_for_its_source_is_refused(photos, monkeypatch, source, output, refused):
    monkeypatch.chdir(photos.parent)
    if not refused:
        ensure_output_outside(source, output)
        return
    with pytest.raises(RequestError, match="choose another output"):
        ensure_output_outside(source, output)
