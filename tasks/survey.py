"""What is new in an inbox: everything listed, nothing opened."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

from prefect import get_run_logger, task

from tasks.domain.inbox import (
    Arrival,
    Found,
    Handled,
    Landing,
    Places,
    Survey,
    is_clutter,
    is_sidecar,
    objection_to,
    same_name,
    stem_of,
)
from tasks.retrying import retry_transient
from tasks.storage import listing
from tasks.storage.listing import Entry

ENDINGS = (".yaml", ".yml", ".json")


@task(name="survey", task_run_name="survey", **retry_transient)
def survey(places: Places, settle: float, only: str | None = None) -> Survey:
    """The pictures that are due, those that failed least and are oldest first, and what has to wait.

    An object younger than `settle` seconds, or whose sidecar is, waits: it may still be written. When all is done, two
    listings tell so, of the inbox and of the ledger. `only` limits it to one object and its sidecar.
    """
    listing.ensure_there(places.inbox)
    entries = list(listing.under(places.inbox) if only is None else _around(places, only))
    work = [entry for entry in entries if not is_clutter(entry.key, entry.size)]
    sidecars = {stem_of(entry.key): entry for entry in work if is_sidecar(entry.key) and not entry.trouble}
    pictures = [entry for entry in work if not is_sidecar(entry.key) or entry.trouble]
    young = datetime.now(UTC) - timedelta(seconds=settle)
    waiting = [
        _wait(entry, "a sidecar: its picture is not there yet")
        for stem, entry in sidecars.items()
        if stem not in {stem_of(picture.key) for picture in pictures}
    ]
    ledger = {entry.key for entry in listing.under(places.done)} if pictures else set()
    seen = {name.partition("-")[0] for name in ledger}
    left: list[tuple[datetime, Arrival]] = []
    done = 0
    for entry in pictures:
        arrival = _arrival(entry, sidecars.get(stem_of(entry.key)))
        if arrival.done_name in ledger or (arrival.sidecar is None and arrival.done_name.partition("-")[0] in seen):
            done += 1
        elif max(file.changed for file in (entry, sidecars.get(stem_of(entry.key), entry))) > young:
            waiting.append(_wait(entry, f"younger than {settle:g} s: it may still be written"))
        else:
            left.append((entry.changed, arrival))
    due, refused = _under_terms(places, [arrival for _, arrival in sorted(left, key=lambda pair: pair[0])])
    ignored = len(entries) - len(work)
    get_run_logger().info(
        "%s: %d due, %d waiting, %d done before, %d refused before, %d ignored",
        *(places.inbox, len(due), len(waiting), done, refused, ignored),
    )
    return Survey(due=tuple(due), waiting=tuple(waiting), done_before=done, refused_before=refused, ignored=ignored)


def _around(places: Places, uri: str) -> Iterator[Entry]:
    """An object, and whatever has its name but for the ending: sidecars may spell Korean another way."""
    key = uri.removeprefix(f"{places.inbox}/")
    stem = stem_of(key)
    spellings = {key.removesuffix(f".{key.rpartition('.')[2]}"), stem, unicodedata.normalize("NFD", stem)}
    found = {entry.key: entry for entry in chain.from_iterable(listing.under(places.inbox, s) for s in spellings)}
    for entry in found.values():
        if entry.key == key or (stem_of(entry.key) == stem and (is_sidecar(key) or is_sidecar(entry.key))):
            yield entry


def _arrival(entry: Entry, sidecar: Entry | None) -> Arrival:
    return Arrival(
        uri=entry.uri,
        etag=entry.etag,
        recipe=same_name(entry.key.split("/")[0]) if "/" in entry.key else "",
        sidecar=Found(uri=sidecar.uri, etag=sidecar.etag) if sidecar else None,
        objection=entry.trouble or objection_to(entry.key, entry.size),
    )


def _under_terms(places: Places, arrivals: list[Arrival]) -> tuple[list[Arrival], int]:
    """The arrivals with their recipes, without those refused under the same terms, whose number comes with them."""
    if not arrivals:
        return [], 0
    recipes: dict[str, list[Found]] = defaultdict(list)
    for entry in listing.under(places.recipes):
        name, dot, ending = entry.key.rpartition(".")
        if "/" not in name and f"{dot}{ending}" in ENDINGS and not entry.trouble:
            recipes[same_name(name)].append(Found(uri=entry.uri, etag=entry.etag))
    refused = {entry.key for entry in listing.under(places.refused)}
    failures = Counter(entry.key.rpartition("-")[0] for entry in listing.under(places.failed))
    known = [arrival.model_copy(update={"recipes": tuple(recipes[arrival.recipe])}) for arrival in arrivals]
    due = [
        arrival.model_copy(update={"failures": failures[arrival.failed_stem]})
        for arrival in known
        if arrival.refused_name not in refused
    ]
    return sorted(due, key=lambda arrival: arrival.failures), len(arrivals) - len(due)


def _wait(entry: Entry, reason: str) -> Handled:
    return Handled(
        uri=entry.uri,
        etag=entry.etag,
        recipe=entry.key.split("/")[0],
        outcome=Landing.WAITING,
        reason=reason,
        at=datetime.now(UTC),
    )
