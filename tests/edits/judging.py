"""A labelled pair put through the checks as `python -m flows check` does it: everything found from the instruction."""

from __future__ import annotations

from tasks.domain.models import Verdict
from tasks.engines.inspector import check_pair
from tests.edits.pair import Pair


def judged(pair: Pair) -> Verdict:
    """The verdict on a pair."""
    return check_pair(pair.source, pair.result, pair.prompt, pair.edit_type, pair.mask)
