"""The engine: an instruction parsed into operations, each carried out by the function its action names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from tasks.domain.errors import EngineError, UnsupportedInstruction
from tasks.domain.instruction import EXAMPLES, Action, Operation, parse, unread
from tasks.domain.licences import APACHE
from tasks.domain.models import EditPlan, EditType, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.classical.appearance import blur, brighten, darken, recolour, remove_object
from tasks.engines.classical.looks import apply_look
from tasks.engines.classical.objects import add_object
from tasks.engines.classical.text import add_text, remove_text, replace_text
from tasks.engines.protocol import Edited, Report
from tasks.imaging.area import Mask
from tasks.imaging.region import locate

Craft = Callable[[Image.Image, Operation, Mask | None], Edited]
SeededCraft = Callable[[Image.Image, Operation, Mask | None, int], Edited]

CRAFTS: Mapping[Action, Craft] = {
    Action.REPLACE_TEXT: replace_text,
    Action.REMOVE_TEXT: remove_text,
    Action.ADD_TEXT: add_text,
    Action.RECOLOUR: recolour,
    Action.BRIGHTEN: brighten,
    Action.DARKEN: darken,
    Action.BLUR: blur,
    Action.REMOVE_OBJECT: remove_object,
}
SEEDED_CRAFTS: Mapping[Action, SeededCraft] = {
    Action.ADD_OBJECT: add_object,
    Action.STYLE: apply_look,
}


class ClassicalEngine:
    """Edits a modest vocabulary on a CPU with Pillow, scikit-image and OCR. Stands in for Qwen-Image-Edit."""

    identity = EngineIdentity(
        name="classical",
        model="the classical stand-in (Pillow, scikit-image, OCR)",
        revision="1",
        stand_in=True,
    )
    traits = Traits(
        works_at=12_500_000,  # a telephone's 4032 x 3024 is seen whole; 48 megapixels would take minutes and 15 GB
        varies=frozenset(EditType) - {EditType.TEXT},  # lettering is set one way; looks and things are seeded
        exact=True,
        reads_freely=False,  # every sentence is carried out: what is demanded twice would be done twice
        licence=APACHE,  # this project's own
    )

    vision = None

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """The edited picture; outside the region each operation belongs to, every pixel keeps its exact value.

        Raises `UnsupportedInstruction`, listing what it can do, when any part of the instruction is not in its
        vocabulary: half an edit is no edit.
        """
        if references:
            raise UnsupportedInstruction("the classical engine cannot use reference pictures; use the qwen engine")
        operations, unknown = parse(plan.prompt), unread(plan.prompt)
        if unknown or not operations:
            raise UnsupportedInstruction(_vocabulary(", ".join(unknown) or plan.prompt))
        chosen = np.asarray(mask) > 0 if mask is not None else None
        picture = source.convert("RGB")
        notes: dict[str, str] = {}
        for done, operation in enumerate(operations):
            report(done, len(operations))
            try:
                edited = _carry_out(picture, operation, chosen, plan.seed)
            except MemoryError as full:
                size = f"{picture.width} x {picture.height}"
                raise EngineError(f"{size} pixels do not fit into this machine's memory; make it smaller") from full
            picture = edited.image
            notes |= {f"{done + 1} {operation.action}: {key}": value for key, value in edited.notes.items()}
        report(len(operations), len(operations))
        if source.mode == "RGBA":
            picture.putalpha(source.getchannel("A"))
        return Edited(picture, notes)


def _carry_out(picture: Image.Image, operation: Operation, chosen: Mask | None, seed: int) -> Edited:
    """One operation, then everything outside its region put back as it was."""
    allowed = locate(picture, operation, chosen)
    if operation.action in SEEDED_CRAFTS:
        edited = SEEDED_CRAFTS[operation.action](picture, operation, allowed, seed)
    else:
        edited = CRAFTS[operation.action](picture, operation, allowed)
    if allowed is None:
        return edited
    kept = Image.composite(edited.image, picture, Image.fromarray(allowed))
    return Edited(kept, edited.notes)


def _vocabulary(prompt: str) -> str:
    examples = "; ".join(f"{action}: {example[0]}" for action, example in EXAMPLES.items())
    return (
        f"the classical engine does not understand {prompt!r}. It stands in for Qwen-Image-Edit and knows, in English, "
        f"Korean and Chinese: {examples}"
    )
