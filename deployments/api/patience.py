"""How long a client wants to wait: the Prefer header of RFC 7240."""

from __future__ import annotations

import re

LONGEST_HEADER = 200
"""Characters of the header that are read."""


def patience(prefer: str, most: float) -> float:
    """Seconds to wait for an edit before it is answered as a job: respond-async: 0, wait=N: N, `most` at most."""
    words = [word.strip().lower() for word in re.split(r"[,;]", prefer[:LONGEST_HEADER])]
    waits = [float(found[1]) for word in words if (found := re.fullmatch(r"wait\s*=\s*\"?(\d{1,6})\"?", word))]
    if waits:
        return min(waits[0], most)
    return 0.0 if "respond-async" in words else most
