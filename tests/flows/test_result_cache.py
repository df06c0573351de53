from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from flows.edit import edit_image
from tasks.domain.models import EditRequest
from tasks.domain.results import Outcome
from tasks.settings import settings
from tests.doubles import ScriptedEngine, unchanged, warm

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A result cache in a folder of its own."""
    monkeypatch.setenv("EDIT_FLOWS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EDIT_FLOWS_TYPESET_FALLBACK", "false")
    settings.cache_clear()
    yield tmp_path / "cache"
    settings.cache_clear()


@pytest.fixture
def calls(script):
    """The plans the scripted engine is given, warm for every picture."""
    return script(*[warm] * 10)


@pytest.fixture
def request_(tmp_path):
    path = tmp_path / "사진.png"
    Image.fromarray(data.astronaut()).resize((96, 96)).save(path)
    return EditRequest(image=str(path), prompt="Give it a warm vintage look", metadata={"campaign": "봄"})


def edit(request, place):
    return edit_image(request, str(place), "scripted")


def test_equal_work_for_another_output_and_other_labels_needs_no_engine(cache, calls, request_, tmp_path):
    first = edit(request_, tmp_path / "one")
    other = request_.model_copy(update={"metadata": {"campaign": "가을"}})
    second = edit(other, tmp_path / "two")
    assert len(calls) == 1
    assert second.reused
    assert second.outcome is Outcome.ACCEPTED
    assert second.kept_from == first.metadata_uri
    assert second.request == other
    picture = Path(second.output.uri)
    assert picture.parent == tmp_path / "two"
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == second.output.file_sha256 == first.output.file_sha256
    assert Path(second.sheet_uri).exists()
    stored = json.loads(Path(second.metadata_uri).read_text())
    assert stored["attempts"][-1]["candidate"]["image"]["uri"] == second.output.uri
    assert edit(other, tmp_path / "two").metadata_uri == second.metadata_uri


def test_other_work_is_not_taken_for_equal(cache, calls, request_, tmp_path):
    edit(request_, tmp_path / "one")
    edit(request_.model_copy(update={"seed": 5}), tmp_path / "one")
    edit(request_.model_copy(update={"prompt": "Give it a warm look"}), tmp_path / "one")
    assert len(calls) == 3


def test_who_does_not_want_it_neither_takes_from_it_nor_adds_to_it(cache, calls, request_, tmp_path):
    plain = request_.model_copy(update={"cache": False})
    edit(plain, tmp_path / "one")
    assert not cache.exists()
    edit(request_, tmp_path / "two")
    assert edit(plain, tmp_path / "three").kept_from == ""
    assert len(calls) == 3


def test_what_was_rejected_is_not_kept(cache, calls, request_, tmp_path, monkeypatch):
    monkeypatch.setattr(ScriptedEngine, "script", [unchanged] * 10)
    assert edit(request_, tmp_path / "one").outcome is Outcome.REJECTED
    assert not list(cache.rglob("*.zip"))


def test_a_poisoned_entry_is_thrown_away_and_the_work_done_again(cache, calls, request_, tmp_path):
    edit(request_, tmp_path / "one")
    (entry,) = cache.rglob("*.zip")
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 0xFF
    entry.write_bytes(data)
    result = edit(request_, tmp_path / "two")
    assert not result.reused
    assert len(calls) == 2
    assert edit(request_, tmp_path / "three").reused


def test_a_cache_that_cannot_be_written_costs_nothing_but_a_warning(cache, calls, request_, tmp_path):
    cache.write_text("a file, not a folder")
    assert edit(request_, tmp_path / "one").outcome is Outcome.ACCEPTED
