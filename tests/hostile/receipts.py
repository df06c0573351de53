"""Receipts as somebody else hands them over."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tasks.domain.errors import EditFlowError
from tests.hostile.pictures import seeds
from tests.hostile.surface import Case, Surface, drawn
from tests.hostile.words import as_json, placed, text, values

HERE = Path(__file__).parent


@cache
def sound() -> Mapping[str, Any]:
    """A receipt as `python -m flows edit` wrote it."""
    document: Mapping[str, Any] = json.loads((HERE / "receipt.json").read_text(encoding="utf-8"))
    return document


@cache
def spots() -> tuple[tuple[str | int, ...], ...]:
    """Where something stands in that receipt: the keys that lead to it."""

    def below(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
        steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [path, *(spot for key, inner in steps for spot in below(inner, (*path, key)))]

    return tuple(below(sound(), ()))[1:]


def changed(spot: tuple[str | int, ...], value: Any) -> Any:
    """The receipt with another value at one spot."""
    document = json.loads(json.dumps(sound()))
    inner = document
    for key in spot[:-1]:
        inner = inner[key]
    inner[spot[-1]] = value
    return document


def verify(case: Case, folder: Path) -> None:
    """A receipt held against a picture; one that was changed never counts as signed."""
    os.environ["EDIT_FLOWS_KEYS"] = str(folder / "keys")
    from flows.verifying import verify as look

    picture, receipt = placed(seeds("PNG")[4], folder, "a.png"), placed(case, folder, "a.json")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        look(picture, receipt=receipt, json_=True)
    json.loads(said.getvalue())


def read(case: Case, folder: Path) -> None:
    """Metadata as later runs read it."""
    from tasks.storage.records import read_result

    read_result(placed(case, folder, "a.json")).model_dump_json()


_RECEIPTS = st.builds(changed, st.sampled_from(spots()), values | text)

SURFACES = {
    "verify": Surface(drawn(as_json(_RECEIPTS)), verify, (EditFlowError,)),
    "metadata": Surface(drawn(as_json(_RECEIPTS)), read, (EditFlowError,)),
}
