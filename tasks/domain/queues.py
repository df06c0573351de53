"""Which queue of a work pool an edit waits in."""

from __future__ import annotations

HIGH, DEFAULT, LOW = "high", "default", "low"


def queue_of(priority: int) -> str:
    """The queue for a request's priority, 0 to 9: 0 waits for all others, 1 to 4 are ordinary, 5 and more go first."""
    return LOW if priority == 0 else DEFAULT if priority < 5 else HIGH
