"""A thousand hostile cases for every change; more by hand: python -m tests.hostile --cases 20000."""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hostile import campaign
from tests.hostile.surfaces import names, surface

CORPUS = Path(__file__).parent / "corpus"
CASES = 1000


def test_a_thousand_hostile_cases_find_nothing(s3, tmp_path):
    every = names()

    done = campaign.campaign(every, 1, -(-CASES // len(every)), tmp_path / "found", lambda _: None)

    assert sum(tally.cases for tally in done) >= CASES
    assert {tally.surface: tally.findings for tally in done if tally.findings} == {}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("crash", "ended with -6"),
        ("hang", "does not end"),
        ("hoard", "needed 1"),
        ("stray", "wrote outside the output"),
        ("call", "connected to"),
        ("fail", "KeyError"),
        ("mute", "has 0 characters"),
    ],
)
def test_what_must_not_be_is_found_and_kept(tmp_path, monkeypatch, name, says):
    if name == "hang":
        monkeypatch.setattr(campaign, "PATIENCE", 1.0)
    try:
        tally = campaign.examine(f"broken/{name}", 1, 2, tmp_path)
    finally:
        (Path(tempfile.gettempdir()) / "hostile-stray").unlink(missing_ok=True)

    assert tally.cases == 2
    (found,) = tally.findings.items()
    assert says in found[1]
    assert (tmp_path / found[0]).read_bytes() == b"case"


@pytest.mark.parametrize("case", sorted(CORPUS.iterdir()), ids=lambda case: case.name)
def test_what_was_found_once_stays_mended(s3, tmp_path, monkeypatch, case):
    monkeypatch.setenv("EDIT_FLOWS_ALLOWED", "")  # some surfaces set it: put back when the test ends
    slug = case.name.partition("--")[0]
    found = surface(next(name for name in names() if re.sub(r"\W+", "-", name) == slug))
    with suppress(*found.refusals):
        found.call(case.read_bytes(), tmp_path)
