from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.errors import RequestError
from tasks.domain.inbox import Arrival, Found, Places, ensure_apart, is_clutter, objection_to, stem_of


@pytest.mark.parametrize(
    ("inbox", "recipes", "output"),
    [
        ("s3://b/inbox", "s3://b/recipes", "s3://b/inbox/out"),
        ("s3://b/inbox", "s3://b/recipes", "s3://b/inbox"),
        ("s3://b/x/inbox", "s3://b/recipes", "s3://b/x"),
        ("/d/inbox", "/d/inbox/recipes", "/d/out"),
        ("/d/inbox", "/d/out/recipes", "/d/out"),
    ],
)
def test_places_within_one_another_are_refused_saying_which(inbox, recipes, output):
    with pytest.raises(RequestError, match=r"lies within the .* choose folders"):
        ensure_apart(Places(inbox=inbox, recipes=recipes, output=output))


def test_places_whose_names_only_begin_alike_are_apart():
    assert ensure_apart(Places(inbox="s3://b/in", recipes="s3://b/in-recipes", output="s3://b/in-out"))


@pytest.mark.parametrize(
    "key",
    [
        "vintage/",
        "vintage/.DS_Store",
        ".git/a.png",
        "a/.b/c.png",
        "a/Thumbs.db",
        "a/photo.png.part",
        "a/~$photo.png",
        "",
    ],
)
def test_markers_hidden_and_unfinished_files_are_no_work(key):
    assert is_clutter(key, 0)


@pytest.mark.parametrize(
    "key",
    [
        "v/사진 1.png",
        "v/照片.JPG",
        "v/50% #1.png",
        "v/a%2Fb.png",
        "v/sub/a.webp",
        "v/noending",
        "v/x" + "y" * 900,
    ],
)
def test_pictures_of_any_name_are_work(key):
    assert not is_clutter(key, 1)
    assert objection_to(key, 1) == ""


@pytest.mark.parametrize(
    ("key", "size", "told"),
    [
        ("v/../../etc/passwd.png", 1, "'..'"),
        ("../a.png", 1, "'..'"),
        ("v//a.png", 1, "an empty part"),
        ("/etc/a.png", 1, "an empty part"),
        ("v/a\nb.png", 1, "'\\n'"),
        ("v/a\x00.png", 1, "'\\x00'"),
        ("v/notes.txt", 1, "ending .txt is none of a picture"),
        ("v/a.heic", 1, "give one of bmp, gif"),
        ("v/a.png", 0, "empty"),
        ("a.png", 1, "inbox/RECIPE/"),
    ],
)
def test_what_name_or_size_already_tell_is_refused_with_a_remedy(key, size, told):
    assert told in objection_to(key, size)


def test_a_picture_and_its_sidecar_belong_together_however_their_korean_is_spelled():
    assert stem_of(unicodedata.normalize("NFD", "빈티지/사진 1.png")) == stem_of("빈티지/사진 1.json")
    assert stem_of("v/a.b/c.png") == "v/a.b/c"
    assert stem_of("v/a.png") != stem_of("w/a.png")


def test_another_content_is_other_work_and_so_is_another_sidecar_but_not_another_recipe():
    one = Arrival(uri="s3://b/inbox/v/a.png", etag="1", recipe="v", recipes=(Found(uri="r", etag="1"),))
    assert one.key == "s3://b/inbox/v/a.png@1"
    assert one.model_copy(update={"etag": "2"}).done_name != one.done_name
    assert one.model_copy(update={"sidecar": Found(uri="s", etag="1")}).done_name != one.done_name
    other_recipe = one.model_copy(update={"recipes": (Found(uri="r", etag="2"),)})
    assert other_recipe.done_name == one.done_name
    assert other_recipe.refused_name != one.refused_name


@given(st.text(min_size=1), st.text())
def test_no_name_can_make_a_record_lie_elsewhere(uri, etag):
    arrival = Arrival(uri=f"s3://b/{uri}", etag=etag, recipe="v")
    for name in (arrival.done_name, arrival.refused_name, arrival.failed_stem):
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name.encode()) <= 255
