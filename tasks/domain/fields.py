"""JSON read strictly: what two readers could take differently is refused."""

from __future__ import annotations

from typing import Any


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a JSON object, for `json.loads`. Raises `ValueError` when one is given twice."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError(f"a field is given twice among {', '.join(name for name, _ in pairs)}: keep one")
    return fields


def no_number(word: str) -> float:
    """Nothing: NaN and Infinity are no JSON. For `json.loads`; raises `ValueError`."""
    raise ValueError(f"{word} is not a number")
