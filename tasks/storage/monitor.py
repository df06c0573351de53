"""What is known of machines and work, on disk or in a bucket, in whole small files.

samples/2026-11-26/163000-render-1-3fa2b1.jsonl     a minute of one host; days and times are those of UTC
reports/2026-11-26/170000-91c04e.json               the figures of a window
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import uuid4

from pydantic import ValidationError

from tasks.domain.errors import ImageError
from tasks.domain.monitor.health import Health
from tasks.domain.monitor.sample import Sample
from tasks.storage import files, listing
from tasks.storage.records import read_record

SAMPLES, REPORTS = "samples", "reports"
FRESH = timedelta(days=1)
"""A report older than this is history, not the newest."""
HOUR = timedelta(hours=1)

logger = logging.getLogger(__name__)


def keep_samples(base: str, samples: Sequence[Sample]) -> None:
    """Write samples of one host, oldest first: a file for each hour they are of.

    Raises `OutputError` where `base` cannot be written, `TransientError` when the store is unwell; what had been
    written by then is written again in the next attempt, and read once.
    """
    for _, of_hour in groupby(samples, lambda sample: _hour(sample.at)):
        lines = list(of_hour)
        at = lines[0].at.astimezone(UTC)
        name = f"{at:%H%M%S}-{_safe(lines[0].host)}-{uuid4().hex[:6]}.jsonl"
        text = "".join(f"{sample.model_dump_json()}\n" for sample in lines)
        files.write_once(files.join(base, SAMPLES, f"{at:%Y-%m-%d}", name), text.encode())


def samples_between(base: str, since: datetime, until: datetime) -> Iterator[Sample]:
    """Every sample of `since` <= time < `until`, of all hosts, in no order, each once; unreadable lines are logged."""
    seen: set[tuple[str, datetime]] = set()
    for sample in _samples(base, since, until):
        if since <= sample.at < until and (sample.host, sample.at) not in seen:
            seen.add((sample.host, sample.at))
            yield sample


def forget_samples(base: str, host: str, before: datetime) -> int:
    """How many files of `host` were removed: those of whole days before that moment."""
    last, gone = f"{before.astimezone(UTC):%Y-%m-%d}", 0
    for entry in listing.under(files.join(base, SAMPLES)):
        day, _, rest = entry.key.partition("/")
        if day >= last:  # keys come in their order
            break
        if re.fullmatch(rf"\d{{6}}-{re.escape(_safe(host))}-[0-9a-f]{{6}}\.jsonl", rest):
            files.delete(entry.uri)
            gone += 1
    return gone


def keep_report(base: str, health: Health) -> str:
    """Where the report was written."""
    at = health.until.astimezone(UTC)
    uri = files.join(base, REPORTS, f"{at:%Y-%m-%d}", f"{at:%H%M%S}-{uuid4().hex[:6]}.json")
    files.write_once(uri, health.model_dump_json(indent=2).encode())
    return uri


def newest_report(base: str, now: datetime) -> Health | None:
    """The report that was written last, at most a day ago; None without one."""
    for day in (now, now - FRESH):
        found = [entry.uri for entry in listing.under(files.join(base, REPORTS), f"{day.astimezone(UTC):%Y-%m-%d}/")]
        if found:
            newest = read_record(max(found), Health)
            return newest if now - newest.until < FRESH else None
    return None


def _samples(base: str, since: datetime, until: datetime) -> Iterator[Sample]:
    folder, hour = files.join(base, SAMPLES), since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < until:
        for entry in listing.under(folder, _hour(hour)):
            if entry.key.endswith(".jsonl") and not entry.trouble:
                yield from _read(entry.uri)
        hour += HOUR


def _read(uri: str) -> Iterator[Sample]:
    try:
        text = files.read(uri)
    except ImageError as gone:  # removed since it was listed
        logger.warning("%s", gone)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            yield Sample.model_validate_json(line)
        except ValidationError as wrong:
            logger.warning("%s, line %d is no sample: %s", uri, number, wrong.errors()[0]["msg"])


def _hour(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d/%H}"


def _safe(host: str) -> str:
    """A host's name as part of a file's: letters of any script stay."""
    return re.sub(r"[^\w.-]+", "_", host)[:60].lstrip(".") or "host"
