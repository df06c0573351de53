"""How a result is marked, decided by what kind of edit it is: the table, and nothing but the table.

The terms are those of the IPTC Digital Source Type NewsCodes (http://cv.iptc.org/newscodes/digitalsourcetype/) and of
the actions of C2PA 2.2. What must be marked: the EU AI Act, article 50(2), asks that what a generative model altered
says so in a machine-readable way and exempts assistive functions for standard editing; Korea's AI Basic Act, article
31, asks for a label. Whether that covers a use is for its lawyers to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from tasks.domain.instruction import Action, parse
from tasks.domain.models import Label, Marks


class EditClass(StrEnum):
    """What went into a result."""

    GENERATIVE = "generative"
    """A trained model drew some of it."""
    SYNTHETIC = "synthetic"
    """An algorithm that is no trained model added, replaced or removed content."""
    ASSISTIVE = "assistive"
    """Standard editing: light, colour, sharpness, size, frame."""
    UNEDITED = "unedited"
    """The picture itself, in another size or frame."""


class Kind(NamedTuple):
    """How a class of edits is told of."""

    source_type: str
    """Of the IPTC; empty where that of the source holds on."""
    action: str
    """Of C2PA."""
    words: Mapping[Label, str]
    """On the visible label; none: that class gets no label."""


_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

KINDS: Mapping[EditClass, Kind] = {
    EditClass.GENERATIVE: Kind(
        f"{_TYPES}compositeWithTrainedAlgorithmicMedia",
        "c2pa.edited",
        {Label.EN: "Edited with AI", Label.KO: "AI로 편집한 이미지", Label.ZH: "AI合成"},
    ),
    EditClass.SYNTHETIC: Kind(
        f"{_TYPES}compositeSynthetic",
        "c2pa.edited",
        {Label.EN: "Digitally edited", Label.KO: "디지털 편집 이미지", Label.ZH: "数字编辑"},
    ),
    EditClass.ASSISTIVE: Kind(f"{_TYPES}algorithmicallyEnhanced", "c2pa.color_adjustments", {}),
    EditClass.UNEDITED: Kind("", "c2pa.resized", {}),
}

TRAINED = frozenset({f"{_TYPES}{term}" for term in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")})
"""Source types that tell of a trained model: a picture that has one keeps it."""

STANDARD = frozenset({Action.BRIGHTEN, Action.DARKEN, Action.BLUR, Action.RECOLOUR})
"""What the stand-in engine does that adds no content: adjustments of light, colour and sharpness."""

MARKED: Mapping[Marks, frozenset[EditClass]] = {
    Marks.ALL: frozenset(EditClass),
    Marks.GENERATIVE: frozenset({EditClass.GENERATIVE, EditClass.SYNTHETIC}),
    Marks.NONE: frozenset(),
}
"""The classes that are marked, by setting."""


def class_of(prompt: str, *, trained: bool) -> EditClass:
    """What an engine that was told `prompt` made: all that a trained model makes is generative, whatever was asked.

    Of other engines what is in doubt counts as an addition.
    """
    if trained:
        return EditClass.GENERATIVE
    actions = {operation.action for operation in parse(prompt)}
    return EditClass.ASSISTIVE if actions and actions <= STANDARD else EditClass.SYNTHETIC
