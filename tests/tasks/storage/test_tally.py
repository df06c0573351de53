from __future__ import annotations

import csv

import numpy as np
from PIL import Image

from tasks.domain.batch import Row
from tasks.domain.ending import Ending
from tasks.storage.tally import PAGE, Tally


def row(number, **fields):
    return Row(**{"number": number, "picture": f"{number}.png", "ending": Ending.ACCEPTED} | fields)


def test_lines_come_back_as_they_were_entered_in_every_script(tmp_path):
    tally = Tally(str(tmp_path), "batch")
    tally.enter(row(1, prompt="'여름'을\n\"겨울\"로, 把“夏”改成“冬”"), None)
    with tally.table.open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["prompt"] == "'여름'을\n\"겨울\"로, 把“夏”改成“冬”"
    assert list(line) == list(Row.model_fields)


def test_no_cell_is_a_formula_to_a_spreadsheet(tmp_path):
    tally = Tally(str(tmp_path), "batch")
    tally.enter(row(1, prompt="=HYPERLINK(1)", reason="@x"), None)
    with tally.table.open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["prompt"], line["reason"]) == ("'=HYPERLINK(1)", "'@x")


def test_endings_failures_and_engine_seconds_are_counted(tmp_path):
    tally = Tally(str(tmp_path), "batch")
    tally.enter(row(1, engine_seconds=1.5), None)
    tally.enter(row(2, reused=True), None)
    tally.enter(row(3, ending=Ending.REJECTED, failures="unchanged, blurred", engine_seconds=2), None)
    assert tally.endings == {Ending.ACCEPTED: 2, Ending.REJECTED: 1}
    assert tally.failures == {"unchanged": 1, "blurred": 1}
    assert (tally.reused, tally.engine_seconds) == (1, 3.5)


def test_sheets_are_drawn_page_by_page(tmp_path):
    tally = Tally(str(tmp_path), "batch")
    for number in range(PAGE + 1):
        tally.enter(row(number + 1), Image.new("RGB", (300, 200), (0, 0, 255)))
    assert len(tally.pages) == 1
    tally.turn_page()
    assert len(tally.pages) == 2
    page = np.asarray(Image.open(tally.pages[0]).convert("RGB"), int)
    assert (np.abs(page - (0, 0, 255)).max(axis=-1) < 30).sum() > PAGE * 300 * 200 * 0.95
    tally.turn_page()
    assert len(tally.pages) == 2
