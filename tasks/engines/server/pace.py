"""How long work takes, as far as recent work tells."""

from __future__ import annotations

from collections import deque

GUESS = 5.0
"""Seconds a piece of work is taken to last before any was timed."""
REMEMBERED = 20
"""Pieces of work that count: enough for a mean, few enough to follow a change."""


class Pace:
    """The mean of what was timed last."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, seconds: float) -> None:
        """Remember how long one piece took."""
        self._seconds.append(seconds)

    def seconds(self, pieces: int) -> float:
        """How long so many pieces will take, one after another; at least 1 s, as nobody should ask in a rush."""
        mean = sum(self._seconds) / len(self._seconds) if self._seconds else GUESS
        return max(1.0, mean * pieces)
