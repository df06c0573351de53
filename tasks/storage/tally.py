"""The table and the contact sheets of a batch, growing on the scratch disk: memory does not grow with them."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from PIL import Image

from tasks.domain.batch import Row
from tasks.domain.ending import Ending
from tasks.domain.models import OutputFormat
from tasks.imaging import codec
from tasks.imaging.contact import Cell, contact_page

PAGE = 24
"""Requests on one contact sheet."""
MOST_PAGES = 100
"""Contact sheets of one batch; what comes after 2,400 requests is in the table alone."""


class Tally:
    """What became of a batch so far. Enter rows from one thread."""

    def __init__(self, folder: str, heading: str) -> None:
        self.table = Path(folder, "table.csv")
        self.pages: list[Path] = []
        self.endings: Counter[Ending] = Counter()
        self.failures: Counter[str] = Counter()
        self.reused = 0
        self.drafts = 0
        self.engine_seconds = 0.0
        self._folder, self._heading = folder, heading
        self._cells: list[Cell] = []
        with self.table.open("w", encoding="utf-8-sig", newline="") as file:  # a mark that spreadsheets know UTF-8 by
            csv.writer(file).writerow(Row.model_fields)

    def enter(self, row: Row, small: Image.Image | None) -> None:
        """One more line of the table and, with what there is to see, one more cell of a sheet."""
        with self.table.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(map(_plain, row.model_dump(mode="json").values()))
        self.endings[row.ending] += 1
        self.reused += row.reused
        self.drafts += row.ending is Ending.ACCEPTED and bool(row.adapter)
        self.engine_seconds += row.engine_seconds
        if row.ending is Ending.REJECTED:
            self.failures.update(filter(None, row.failures.split(", ")))
        title = f"{row.number}  {row.ending}{f': {row.failures}' if row.failures else ''}"
        note = row.reason or row.prompt
        self._cells.append(Cell(small, title, note, good=row.ending is Ending.ACCEPTED))
        if len(self._cells) == PAGE:
            self.turn_page()

    def turn_page(self) -> None:
        """Draw what is left of the cells; nothing when there is none."""
        if self._cells and len(self.pages) < MOST_PAGES:
            page = contact_page(self._cells, f"{self._heading}  ({len(self.pages) + 1})")
            path = Path(self._folder, f"sheet-{len(self.pages) + 1:03}.jpg")
            path.write_bytes(codec.encode(page, OutputFormat.JPEG))
            self.pages.append(path)
        self._cells = []


def _plain(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
