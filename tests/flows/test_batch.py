from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest
from PIL import Image
from skimage import data

from flows.batch import edit_batch
from tasks.domain.batch import BatchResult
from tasks.domain.errors import OutputError, RequestError, UnknownEngine
from tasks.imaging import codec
from tasks.storage import files, listing
from tests.doubles import unchanged, warm

pytestmark = pytest.mark.usefixtures("prefect_server", "script")


@pytest.fixture
def photos(tmp_path):
    """A folder with three pictures of different content."""
    folder = tmp_path / "사진"
    folder.mkdir()
    for number, name in enumerate(("가.png", "b.jpg", "c.png")):
        Image.fromarray(data.astronaut()[number * 8 :]).resize((96, 96)).save(folder / name)
    return folder


def rows(result: BatchResult) -> list[dict[str, str]]:
    table = csv.DictReader(io.StringIO(files.read(result.table).decode("utf-8-sig")))
    return sorted(table, key=lambda row: int(row["number"]))


def test_every_picture_is_edited_and_the_batch_is_told_by_table_sheet_and_figures(photos, tmp_path):
    result = edit_batch(str(photos), "Give it a warm look", output=str(tmp_path / "out"), engine="scripted")
    assert (result.accepted, result.rejected, result.refused, result.failed) == (3, 0, 0, 0)
    assert [row["ending"] for row in rows(result)] == ["accepted"] * 3
    assert all(listing.look(row["output"]) for row in rows(result))
    frame = pd.read_parquet(result.parquet)
    assert len(frame) == 3
    assert frame["engine_seconds"].sum() == pytest.approx(result.engine_seconds, abs=0.01)
    (sheet,) = result.sheets
    page = codec.decode(files.read(sheet), name=sheet)
    assert page.width > 1000
    beside = result.table.replace("table.csv", "batch.json")
    assert BatchResult.model_validate_json(files.read(beside)) == result


def test_one_that_fails_is_refused_or_rejected_does_not_sink_the_others(photos, tmp_path, script):
    (photos / "broken.png").write_bytes(b"no picture")

    def fail(_image):
        raise ZeroDivisionError("inside the engine")

    script(warm, fail, unchanged, unchanged, unchanged)
    result = edit_batch(str(photos), "Give it a warm look", output=str(tmp_path / "out"), engine="scripted", at_once=1)
    assert {row["picture"].rpartition("/")[2]: row["ending"] for row in rows(result)} == {
        "b.jpg": "accepted",
        "broken.png": "refused",
        "c.png": "failed",
        "가.png": "rejected",
    }
    reasons = {row["ending"]: row["reason"] for row in rows(result)}
    assert "is not a picture" in reasons["refused"]
    assert "inside the engine" in reasons["failed"]
    assert result.rejected_by == {"unchanged": 1}
    assert result.engine_seconds_per_accepted == pytest.approx(result.engine_seconds)


def test_run_again_it_only_looks_up_what_is_done_and_does_what_is_not(photos, tmp_path, script):
    out = str(tmp_path / "out")
    edit_batch(f"{photos}/*.png", "Give it a warm look", output=out, engine="scripted")
    plans = script(*[warm] * 50)
    before = len(plans)
    result = edit_batch(str(photos), "Give it a warm look", output=out, engine="scripted")
    assert (result.accepted, result.reused) == (3, 2)
    assert len(plans) - before == 1


def test_a_list_a_recipe_and_a_bucket_work_together(s3, photos, script):
    for path in photos.iterdir():
        files.write_once(f"{s3}/drop/{path.name}", path.read_bytes())
    files.write_once(f"{s3}/drop/warm.yaml", b"prompt: Give it a warm look\nengine: scripted\nmetadata: {sku: '1'}\n")
    lines = [{"image": "가.png"}, {"image": "c.png", "metadata": {"sku": "=2"}}, {"image": "gone.png"}]
    files.write_once(f"{s3}/drop/list.jsonl", "\n".join(map(json.dumps, lines)).encode())
    result = edit_batch(f"{s3}/drop/list.jsonl", recipe=f"{s3}/drop/warm.yaml", output=f"{s3}/done")
    assert (result.accepted, result.refused) == (2, 1)
    first, second, gone = rows(result)
    assert json.loads(files.read(second["metadata"]))["request"]["metadata"] == {"sku": "=2"}
    assert json.loads(files.read(first["metadata"]))["request"]["metadata"] == {"sku": "1"}
    assert "gone.png" in gone["reason"]


def test_a_device_that_has_to_cool_down_gets_a_pause_between_batches(photos, tmp_path, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("flows.batch.pause", pauses.append)
    result = edit_batch(
        str(photos), "Give it a warm look", output=str(tmp_path), engine="scripted", batch_size=2, cool_down=7
    )
    assert result.accepted == 3
    assert pauses == [7]


@pytest.mark.parametrize(
    ("engine", "output", "kind"),
    [("nonesuch", "out", UnknownEngine), ("scripted", "사진/가.png/out", OutputError)],
)
def test_what_every_request_would_meet_ends_the_batch_at_once(photos, tmp_path, engine, output, kind):
    with pytest.raises(kind):
        edit_batch(str(photos), "Give it a warm look", output=str(tmp_path / output), engine=engine)


def test_nothing_is_written_for_a_batch_that_cannot_begin(photos, tmp_path):
    with pytest.raises(RequestError, match="say by prompt or recipe"):
        edit_batch(str(photos), output=str(tmp_path / "out"))
    with pytest.raises(RequestError, match="choose another output"):
        edit_batch(str(photos), "Give it a warm look", output=str(photos))
    assert not (tmp_path / "out").exists()


def test_an_edit_whose_sheet_was_taken_away_is_accepted_all_the_same(photos, tmp_path):
    out = tmp_path / "out"
    edit_batch(str(photos), "Give it a warm look", output=str(out), engine="scripted")
    for sheet in out.glob("*-sheet.jpg"):
        sheet.unlink()
    result = edit_batch(str(photos), "Give it a warm look", output=str(out), engine="scripted")
    assert (result.accepted, result.reused, result.refused) == (3, 3, 0)
