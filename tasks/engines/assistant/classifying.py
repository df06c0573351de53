"""The kind of edit, asked of a vision-language model where the words alone leave it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image

from tasks.domain.models import Classification, EditType
from tasks.engines.assistant.asking import belief, rotations
from tasks.engines.vision import VisionModel

UNSURE = 0.6
"""Confidence of the rules below which the model is asked. They are right 97 times in 100, so it rarely is."""

SURE = 0.6
"""Belief of the model below which it does not overrule the rules, however unsure they are."""

MEANINGS: Mapping[EditType, str] = {
    EditType.SEMANTIC: "the whole picture gets another look: art style, season, weather, lighting, viewpoint or pose",
    EditType.APPEARANCE: "one thing or area is added, removed, replaced or recoloured and the rest stays as it is",
    EditType.TEXT: "lettering in the picture is written, replaced, removed or restyled",
    EditType.HYBRID: "several of these at once, for example other lettering and another style",
}


def decide(rules: Classification, vision: VisionModel, picture: Image.Image, prompt: str) -> Classification:
    """What the rules found or, where they are unsure, what the model is sure of; the reason says who decided.

    Raises `EngineError` when the model was asked and failed.
    """
    if rules.confidence >= UNSURE:
        return rules
    unsure = f"the rules were unsure ({rules.edit_type} {rules.confidence:.2f}: {rules.reason})"
    seen = classify(vision, picture, prompt)
    if seen is None:
        return rules.model_copy(update={"reason": f"{rules.reason}; the vision-language model was not sure either"})
    return seen.model_copy(update={"reason": f"{seen.reason}; {unsure}"})


def classify(vision: VisionModel, picture: Image.Image, prompt: str) -> Classification | None:
    """The kind of edit the model takes `prompt` for, or None when it does not believe in one kind with `SURE`.

    Four forward passes, each kind under each letter once. Raises `EngineError` when the model fails.
    """
    kinds = tuple(MEANINGS)

    def question(labels: Sequence[str]) -> str:
        listed = "\n".join(f"{label}: {MEANINGS[kind]}" for label, kind in sorted(zip(labels, kinds, strict=True)))
        return (
            f"Somebody asks for this change of the picture:\n<instruction>\n{prompt}\n</instruction>\n"
            f"Which description fits it best?\n{listed}\nAnswer with the letter alone."
        )

    likely = dict(zip(kinds, belief(vision, [picture], question, rotations("ABCD")), strict=True))
    kind = max(kinds, key=likely.__getitem__)
    if likely[kind] < SURE:
        return None
    return Classification(
        edit_type=kind,
        confidence=round(min(likely[kind], 1.0), 2),
        reason="the vision-language model, by the picture and the words",
    )
