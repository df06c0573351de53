"""Which layout is tried after one that did not pass: the next that can mend what was wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tasks.domain.campaign import BrandCheckName, Layout, Trial

_ROOM = (Layout.EXTEND, Layout.LETTERBOX, Layout.BAND)
_COLOUR = (Layout.LETTERBOX, Layout.BAND)

MENDS: Mapping[BrandCheckName, Collection[Layout]] = {
    BrandCheckName.PALETTE: _COLOUR,
    BrandCheckName.LOGO_PRESENT: _ROOM,
    BrandCheckName.LOGO_FREE: _ROOM,
    BrandCheckName.LOGO_SAFE: _ROOM,
    BrandCheckName.LOGO_LEGIBLE: _ROOM,
    BrandCheckName.LOGO_CALM: _ROOM,
    BrandCheckName.RESOLUTION: (Layout.EXTEND, Layout.LETTERBOX),
    BrandCheckName.WORDS_KEPT: (Layout.EXTEND, Layout.LETTERBOX),
    BrandCheckName.WORDS_SHOWN: (Layout.EXTEND, Layout.LETTERBOX),
}
"""What another layout can mend. The look itself decides the others: what it says, with what contrast."""


def next_layout(trials: Sequence[Trial], possible: Collection[Layout]) -> Layout | None:
    """The layout to try next, in the order of `Layout`; None when none can mend all that was wrong last."""
    wrong = [check.name for check in trials[-1].failed]
    tried = {trial.draft.framing.layout for trial in trials}
    for layout in Layout:
        if layout in possible and layout not in tried and all(layout in MENDS.get(name, ()) for name in wrong):
            return layout
    return None


def best(trials: Sequence[Trial]) -> Trial:
    """The trial that passed, else the one with the fewest failures, the earlier of equals."""
    return min(trials, key=lambda trial: len(trial.failed))
