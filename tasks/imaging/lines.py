"""Lines of text as a reader saw them: what they hold and how they lie to each other."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.domain.models import TextChange, TextLine
from tasks.domain.wording import TOLERANCE, character_error_rate, normalise


def holds(line: TextLine, text: str | None) -> bool:
    """True when any reading of the line holds the text, letters and digits compared."""
    wanted = normalise(text or "")
    return bool(wanted) and any(wanted in normalise(reading) for reading in (line.text, *line.alternatives))


def as_quoted(line: TextLine, text: str) -> TextLine:
    """The line with `text` for its wording where a reading of all of it says the same; other readings are kept."""
    readings = (line.text, *line.alternatives)
    if normalise(text) not in map(normalise, readings):
        return line
    return line.model_copy(update={"text": text, "alternatives": readings})


def found(lines: Sequence[TextLine], texts: Sequence[str]) -> list[TextLine]:
    """The lines that hold one of `texts`, worded as quoted; for a text that none holds, the lines nearly so read."""
    hits: list[TextLine] = []
    for text in texts:
        exact = [line for line in lines if holds(line, text)]
        near = [line for line in lines if character_error_rate(text, line.text) <= TOLERANCE]
        hits += [as_quoted(line, text) for line in exact] or [_reworded(line, text) for line in near]
    return hits


def _reworded(line: TextLine, text: str) -> TextLine:
    return line.model_copy(update={"text": text, "alternatives": (line.text, *line.alternatives)})


def is_near(line: TextLine, others: Sequence[TextLine]) -> bool:
    """True when the line overlaps one of `others`, each grown by its own height."""
    return any(
        line.box.left < other.box.right + other.box.height
        and line.box.right > other.box.left - other.box.height
        and line.box.top < other.box.bottom + other.box.height
        and line.box.bottom > other.box.top - other.box.height
        for other in others
    )


def remaining(text: str, change: TextChange) -> str:
    """`text`, normalised, without the new wording, so that 'Sale' inside 'Summer Sale' does not count as left over."""
    wanted = normalise(change.new or "")
    return normalise(text).replace(wanted, "") if wanted else normalise(text)
