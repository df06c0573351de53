"""What a candidate has to prove, by kind of edit, and where each bar lies.

`CHECKS` says which checks apply, `MEASURES` what each measures and what a miss means, `limits()` where the bars lie.
The bars are data (limits.json beside this file), fitted on labelled edits by `python -m tests.benchmarks.calibrate`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from math import isnan
from pathlib import Path
from typing import NamedTuple

from tasks.domain.models import Box, Check, CheckName, EditType, FailureClass

CHECKS: Mapping[EditType, tuple[CheckName, ...]] = {
    EditType.SEMANTIC: (
        CheckName.INTACT,
        CheckName.FRAMING,
        CheckName.CHANGED,
        CheckName.COMPOSITION,
        CheckName.SHARPNESS,
    ),
    EditType.APPEARANCE: (CheckName.INTACT, CheckName.FRAMING, CheckName.CHANGED, CheckName.PRESERVED),
    EditType.TEXT: (
        CheckName.INTACT,
        CheckName.FRAMING,
        CheckName.CHANGED,
        CheckName.PRESERVED,
        CheckName.TEXT,
        CheckName.LETTERING,
        CheckName.GROUND,
    ),
    EditType.HYBRID: (CheckName.INTACT, CheckName.FRAMING, CheckName.CHANGED, CheckName.TEXT, CheckName.SHARPNESS),
}
"""The checks of each kind. Those of text only apply when the instruction quotes it: nothing else says what to read."""

OF_TEXT = frozenset({CheckName.TEXT, CheckName.LETTERING, CheckName.GROUND})

BAR = 1.0
"""Where headroom passes."""
MOST = 9.99
"""Headroom is cut here: beyond, more of it says nothing."""


class Sense(StrEnum):
    """Which side of its limit is right."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


class Measure(NamedTuple):
    """One quantity a check measures: what missing its limit means, which side is right, and what the number is."""

    failure: FailureClass
    sense: Sense
    meaning: str


AT_LEAST, AT_MOST = Sense.AT_LEAST, Sense.AT_MOST

MEASURES: Mapping[str, Measure] = {
    # intact
    "contrast kept": Measure(FailureClass.DAMAGED, AT_LEAST, "standard deviation of luma, share of the source's"),
    "coherence": Measure(FailureClass.DAMAGED, AT_LEAST, "correlation of neighbouring pixels, -1..1; noise has 0"),
    "dead tiles": Measure(FailureClass.DAMAGED, AT_MOST, "share of 16 x 16 tiles whose texture is gone or noise"),
    "lattice": Measure(FailureClass.DAMAGED, AT_MOST, "grey levels of a regular pattern laid over the picture"),
    # framing
    "drift": Measure(FailureClass.FRAMING_DRIFT, AT_MOST, "shift of the centre, per mille of the longer side"),
    "zoom": Measure(FailureClass.FRAMING_DRIFT, AT_MOST, "enlargement or reduction, share"),
    "rotation": Measure(FailureClass.FRAMING_DRIFT, AT_MOST, "degrees"),
    "drift of look": Measure(FailureClass.FRAMING_DRIFT, AT_MOST, "the same, for edits that may redraw everything"),
    "zoom of look": Measure(FailureClass.FRAMING_DRIFT, AT_MOST, "the same, for edits that may redraw everything"),
    # changed
    "look difference": Measure(FailureClass.UNCHANGED, AT_LEAST, "mean CIE76 difference over the picture"),
    "changed inside": Measure(FailureClass.UNCHANGED, AT_LEAST, "share of the intended region visibly changed"),
    "changed anywhere": Measure(FailureClass.UNCHANGED, AT_LEAST, "share of the picture changed in solid patches"),
    "change in place": Measure(FailureClass.WRONG_PLACE, AT_LEAST, "share of the solid change in the intended region"),
    "scattered": Measure(FailureClass.STRUCTURE_LOST, AT_MOST, "share of the change apart from the one thing meant"),
    "towards colour": Measure(
        FailureClass.WRONG_COLOUR,
        AT_LEAST,
        "share of the way to the colour asked for that a quarter of the change reached",
    ),
    # preserved, all of them outside the intended region
    "structure kept": Measure(FailureClass.STRUCTURE_LOST, AT_LEAST, "SSIM weighted by texture (Wang et al. 2004)"),
    "likeness kept": Measure(FailureClass.CONTENT_REPLACED, AT_LEAST, "correlation of luma, -1..1"),
    "share changed": Measure(FailureClass.STRUCTURE_LOST, AT_MOST, "share of pixels visibly different"),
    "largest patch": Measure(FailureClass.STRUCTURE_LOST, AT_MOST, "per mille of the picture, one solid change"),
    "spread": Measure(FailureClass.STRUCTURE_LOST, AT_MOST, "share of 16 x 16 tiles touched, where no region is known"),
    "median difference": Measure(FailureClass.COLOUR_CAST, AT_MOST, "median CIEDE2000 difference"),
    "cast": Measure(FailureClass.COLOUR_CAST, AT_MOST, "median shift in the a*b* plane"),
    "detail kept": Measure(FailureClass.BLURRED, AT_LEAST, "fine detail, share of the source's"),
    # lettering, against the lettering it replaced
    "contrast of text": Measure(FailureClass.TEXT_UNREADABLE, AT_LEAST, "WCAG contrast, share of the old or of 4.5"),
    "sharpness of text": Measure(FailureClass.BLURRED, AT_LEAST, "steepness of edges, share of the old lettering's"),
    "size of text": Measure(FailureClass.STYLE_LOST, AT_LEAST, "smaller over larger size, room allowed for"),
    "face of text": Measure(FailureClass.STYLE_LOST, AT_LEAST, "likeness of letterforms and weight, 0..1"),
    "colour of text": Measure(FailureClass.STYLE_LOST, AT_MOST, "CIEDE2000 difference of the ink"),
    "spelling": Measure(FailureClass.TEXT_WRONG, AT_LEAST, "how much better the right syllables explain the ink"),
    "place of text": Measure(FailureClass.WRONG_PLACE, AT_MOST, "distance from the old line, in its heights"),
    # ground behind the lettering
    "ghost": Measure(FailureClass.OLD_TEXT_LEFT, AT_MOST, "opacity of old letters left, 0..1"),
    "remains": Measure(FailureClass.OLD_TEXT_LEFT, AT_MOST, "share of the old ink still standing in the clear"),
    "ground kept": Measure(FailureClass.SMEARED, AT_LEAST, "share of the ground between the letters left as it was"),
    # composition and sharpness of a look
    "composition": Measure(FailureClass.CONTENT_REPLACED, AT_LEAST, "correlation of gradient maps, -1..1"),
    "tiles alike": Measure(FailureClass.STRUCTURE_LOST, AT_LEAST, "share of tiles whose gradients correlate"),
    "upright": Measure(FailureClass.STRUCTURE_LOST, AT_LEAST, "composition above that of the mirrored source"),
    "texture kept": Measure(FailureClass.BLURRED, AT_LEAST, "what neighbours do not share, part of the source's"),
    # an optional judge
    "instruction followed": Measure(FailureClass.NOT_FOLLOWED, AT_LEAST, "a vision-language model's score, 0..9"),
    "rest consistent": Measure(FailureClass.STRUCTURE_LOST, AT_LEAST, "a vision-language model's score, 0..9"),
}

_LIMITS = Path(__file__).with_name("limits.json")


@cache
def limits() -> Mapping[str, float]:
    """The limit of each measure, by name."""
    found: dict[str, float] = json.loads(_LIMITS.read_text(encoding="utf-8"))["limits"]
    return found


def checks_for(edit_type: EditType, *, has_text_changes: bool = False) -> tuple[CheckName, ...]:
    """The checks for this kind of edit; without quoted text in the instruction there is none to read back."""
    return tuple(check for check in CHECKS[edit_type] if has_text_changes or check not in OF_TEXT)


def headroom(measure: str, value: float) -> float:
    """How far `value` is on the right side of the limit: 1 at the limit, more is better, 0 for not a number."""
    limit = limits()[measure]
    if isnan(value):
        return 0.0
    if MEASURES[measure].sense is AT_LEAST:
        room = value / limit if limit > 0 else 1 + value - limit
    else:
        room = limit / value if value > 0 else MOST
    return max(0.0, min(room, MOST))


def weigh(name: CheckName, measured: Mapping[str, float], detail: str, regions: Mapping[str, Box | None]) -> Check:
    """The check that `measured` amounts to: its score is the least headroom, the first miss names what is wrong.

    `measured` lists what tells most first. `regions` says, for some of the measures, where a miss was seen. Without
    any measure the check passes: it had nothing to object to.
    """
    rooms = {measure: headroom(measure, value) for measure, value in measured.items()}
    missed = [measure for measure, room in rooms.items() if room < BAR]
    said = [f"{measure} {measured[measure]:.3g} (limit {limits()[measure]:.3g})" for measure in missed]
    return Check(
        name=name,
        score=min(rooms.values(), default=MOST),
        threshold=BAR,
        passed=not missed,
        failure=MEASURES[missed[0]].failure if missed else None,
        detail="; ".join(filter(None, (", ".join(said), detail))),
        region=regions.get(missed[0]) if missed else None,
        measures=dict(measured),
    )
