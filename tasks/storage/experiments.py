"""Records of A/B tests, in a folder or a bucket; nothing in them is ever written over.

OUTPUT/ab-tests/ID/pictures/...                  what the variants show, as edit-image saves it
OUTPUT/ab-tests/ID/test.json                     the record, written last: its presence means the test is ready
OUTPUT/ab-tests/ID/analyses/TIME-xxxxxx.json     one analysis (.html, .png: the same for people)
OUTPUT/ab-tests/ID/decided.json                  the analysis that decided a fixed test
OUTPUT/ab-tests/ID/closed.json                   the end
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import ValidationError

from tasks.domain.ab.analysis import Analysis
from tasks.domain.ab.experiment import Closing, Definition, Experiment, Standing, checked_id
from tasks.domain.errors import RequestError
from tasks.domain.models import Frozen, ImageRef
from tasks.storage import files, listing
from tasks.storage.bounds import canonical

M = TypeVar("M", bound=Frozen)


def folder_of(output: str, name: str) -> str:
    """Where everything of a test lies. Raises `RequestError` for a name that can be no test's."""
    try:
        return files.join(output, "ab-tests", checked_id(name))
    except ValueError as wrong:
        raise RequestError(str(wrong)) from None


def record_uri(output: str, name: str) -> str:
    """Where the record of a test lies."""
    return files.join(folder_of(output, name), "test.json")


def find(output: str, name: str) -> Experiment | None:
    """The record of a test; None when there is none of that name."""
    return _read(record_uri(output, name), Experiment)


def create(output: str, experiment: Experiment) -> Experiment:
    """The record as it stands when this returns: of several writers the first wins, and none writes over another.

    Raises `RequestError` when the one that stands describes another test.
    """
    name = experiment.definition.id
    if files.write_once(record_uri(output, name), _document(experiment)):
        return experiment
    return ensure_same(stand(output, name).experiment, experiment.definition, experiment.source)


def ensure_same(standing: Experiment, test: Definition, source: ImageRef) -> Experiment:
    """`standing`, when it is this test of this picture; raises `RequestError` otherwise."""
    if standing.definition != test or standing.source.sha256 != source.sha256:
        what = "picture" if standing.definition == test else "definition"
        raise RequestError(
            f"there is already a test {test.id!r} with another {what}, of {standing.created:%Y-%m-%d %H:%M}: "
            "choose another id; a test is never changed"
        )
    return standing


def stand(output: str, name: str) -> Standing:
    """A test as it stands. Raises `RequestError` when there is none of that name."""
    folder = folder_of(output, name)
    experiment = find(output, name)
    if experiment is None:
        raise RequestError(
            f"there is no test {name!r} in {output!r}: python -m flows ab list --output {output} shows all"
        )
    return Standing(
        experiment=experiment,
        closing=_read(files.join(folder, "closed.json"), Closing),
        analyses=tuple(
            sorted(entry.uri for entry in listing.under(folder, "analyses/") if entry.key.endswith(".json"))
        ),
    )


def every(output: str) -> Iterator[Standing]:
    """Every test there is, by name; a record that cannot be read raises `RequestError`."""
    place = files.join(canonical(output), "ab-tests")
    for entry in sorted(listing.under(place), key=lambda entry: entry.key):
        if re.fullmatch(r"[^/]+/test\.json", entry.key):
            yield stand(output, entry.key.partition("/")[0])


def open_test(output: str, name: str) -> Experiment:
    """The record of a test that is not closed; raises `RequestError` otherwise."""
    standing = stand(output, name)
    if standing.closing:
        last = f"; its last analysis is {standing.analyses[-1]!r}" if standing.analyses else ""
        reason = f" ({standing.closing.reason})" if standing.closing.reason else ""
        raise RequestError(f"the test {name!r} was closed on {standing.closing.closed:%Y-%m-%d}{reason}{last}")
    return standing.experiment


def close(output: str, name: str, reason: str) -> Closing:
    """The end of a test, written. Raises `RequestError` when it is closed already."""
    open_test(output, name)
    closing = Closing(reason=reason, closed=datetime.now(UTC))
    if not files.write_once(files.join(folder_of(output, name), "closed.json"), _document(closing)):
        open_test(output, name)  # says who was faster
    return closing


def decide_once(output: str, analysis: Analysis) -> Analysis:
    """The analysis that decides a fixed test: the first that was made at its full size, whatever came later."""
    uri = files.join(folder_of(output, analysis.test), "decided.json")
    if files.write_once(uri, _document(analysis)):
        return analysis
    return _read(uri, Analysis) or analysis


def decided(output: str, name: str) -> Analysis | None:
    """The analysis that decided a fixed test; None before that."""
    return _read(files.join(folder_of(output, name), "decided.json"), Analysis)


def _document(model: Frozen) -> bytes:
    return model.model_dump_json(indent=2).encode()


def _read(uri: str, kind: type[M]) -> M | None:
    if not files.exists(uri):
        return None
    try:
        return kind.model_validate_json(files.read(uri))
    except ValidationError as wrong:
        raise RequestError(f"{uri!r} is no record of this version: {wrong.errors()[0]['msg']}; restore it") from wrong
