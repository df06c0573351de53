"""The text check: what the instruction asks of the lettering, against what was read in the candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.domain.acceptance import BAR
from tasks.domain.models import Box, Check, CheckName, FailureClass, TextChange, TextLine
from tasks.domain.wording import character_error_rate, normalise, same_case
from tasks.imaging.area import overlap
from tasks.imaging.evidence import Evidence
from tasks.imaging.lines import holds, is_near, remaining

SURE = 0.8
"""Confidence from which a line of the source is expected to be read again."""
SAME_LINE = 0.25
"""Character error rate up to which two readings are of the same line: readers stumble, pixels are checked elsewhere."""
ALMOST = 0.5
"""Character error rate up to which a line is a failed try at the wanted text rather than another text."""


class Fault(NamedTuple):
    """One thing wrong with the lettering."""

    failure: FailureClass
    detail: str
    region: Box | None


def check_text(evidence: Evidence) -> Check:
    """Text as asked: new wording read, old wording gone, every other line still there.

    Score: share of these demands that are met, 0..1; passes at 1.
    """
    changes = evidence.contract.text_changes
    meant = {line.box for line in evidence.old_lines}
    others = [line for line in evidence.source_lines if _is_legible(line) and line.box not in meant]
    demands = sum((change.new is not None) + (change.old is not None) for change in changes) + len(others)
    faults = [fault for change in changes for fault in _faults(change, evidence)] + list(_lost(others, evidence))
    worst = faults[0] if faults else None
    read = ", ".join(repr(line.text) for line in evidence.candidate_lines) or "nothing"
    return Check(
        name=CheckName.TEXT,
        score=1 - len(faults) / max(demands, len(faults), 1),
        threshold=BAR,
        passed=worst is None,
        failure=worst.failure if worst else None,
        detail="; ".join(fault.detail for fault in faults) or f"read {read}",
        region=worst.region if worst else None,
    )


def _faults(change: TextChange, evidence: Evidence) -> Iterator[Fault]:
    lines = evidence.candidate_lines
    if change.new is not None and not _appears(change, lines):
        yield _missing(change.new, evidence)
    elif change.new is not None and evidence.old_lines and not evidence.new_lines:
        yield Fault(FailureClass.WRONG_PLACE, f"{change.new!r} is not where the old text was", None)
    elif change.new is not None and not evidence.old_lines and not any(map(evidence.meant, evidence.new_lines)):
        yield Fault(FailureClass.WRONG_PLACE, f"{change.new!r} is not where it was asked for", None)
    if change.old is not None and normalise(change.old) != normalise(change.new or ""):
        old = normalise(change.old)
        left = [line for line in lines if old in remaining(line.text, change) and _was_meant(line, evidence)]
        left += [line for line in lines if _unaltered(line, evidence)]
        if left:
            yield Fault(FailureClass.OLD_TEXT_LEFT, f"{change.old!r} is still read", left[0].box)


def _unaltered(line: TextLine, evidence: Evidence) -> bool:
    """True when a line that was to change reads in its place just as it did before, misread perhaps."""
    return any(
        overlap(line.box, old.box) and len(old.alternatives) and normalise(line.text) == normalise(old.alternatives[0])
        for old in evidence.old_lines
    )


def _was_meant(line: TextLine, evidence: Evidence) -> bool:
    """True unless the line stands where an equal one stood that was not meant."""
    meant = {each.box for each in evidence.old_lines}
    spared = [each for each in evidence.source_lines if each.box not in meant]
    return not any(overlap(line.box, each.box) and _same(each, line) for each in spared)


def _appears(change: TextChange, lines: Sequence[TextLine]) -> bool:
    """True when the new wording is read, its capitals included, in one line or run over several."""
    if change.new is None:
        return False
    readings = [reading for line in lines for reading in (line.text, *line.alternatives)]
    readings.append("".join(line.text for line in lines))
    return any(normalise(change.new) in normalise(reading) and same_case(change.new, reading) for reading in readings)


def _missing(wanted: str, evidence: Evidence) -> Fault:
    """Missing, or there with wrong letters: the closest line at its place tells."""
    lines = [
        line for line in evidence.candidate_lines if not evidence.old_lines or is_near(line, evidence.old_lines)
    ] or evidence.candidate_lines
    closest = min(lines, key=lambda line: character_error_rate(wanted, line.text), default=None)
    if closest is not None and character_error_rate(wanted, closest.text) <= ALMOST:
        return Fault(FailureClass.TEXT_WRONG, f"{wanted!r} reads {closest.text!r}", closest.box)
    place = evidence.old_lines[0].box if evidence.old_lines else None
    return Fault(FailureClass.TEXT_MISSING, f"{wanted!r} is not read anywhere", place)


def _is_legible(line: TextLine) -> bool:
    """True for a line that was read well."""
    return line.confidence >= SURE and len(normalise(line.text)) >= 2


def _lost(others: Sequence[TextLine], evidence: Evidence) -> Iterator[Fault]:
    for line in others:
        if evidence.differs(line.box) and not any(_same(line, again) for again in evidence.candidate_lines):
            yield Fault(FailureClass.OTHER_TEXT_LOST, f"{line.text!r} is no longer read", line.box)


def _same(line: TextLine, again: TextLine) -> bool:
    readings = (again.text, *again.alternatives)
    return any(holds(again, text) for text in (line.text, *line.alternatives)) or any(
        character_error_rate(line.text, reading) <= SAME_LINE for reading in readings
    )
