"""Where results of this installation wait for a person."""

from __future__ import annotations

from tasks.inboxes import inboxes, places_at
from tasks.settings import settings
from tasks.storage.bounds import canonical


def reviewed() -> tuple[str, ...]:
    """The output of EDIT_FLOWS_OUTPUT and those of EDIT_FLOWS_INBOX, each in its one spelling, none within another."""
    outputs = [canonical(settings().output), *(places_at(place).output for place in inboxes().inbox)]
    apart = [one for one in outputs if not any(one.startswith(f"{other}/") for other in outputs)]
    return tuple(dict.fromkeys(apart))
