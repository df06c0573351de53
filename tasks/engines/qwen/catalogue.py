"""The models this engine knows: where their weights lie, how they are sampled, what their licence allows.

Steps and guidance are those of the model cards: https://huggingface.co/Qwen/Qwen-Image-Edit (and -2509, -2511),
https://huggingface.co/FireRedTeam/FireRed-Image-Edit-1.1, and for the distilled ones
https://github.com/ModelTC/Qwen-Image-Lightning (guidance off, schedule shift 3). Only the original model is refined by
kind of edit; for the others nobody has published such figures, so every kind runs on the card's. Revisions are not
pinned: what was loaded is recorded by its fingerprint (weights.py), which is part of every result's identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from tasks.domain.errors import SettingsError
from tasks.domain.licences import APACHE, Licence
from tasks.domain.models import EditType, Frozen
from tasks.domain.recipes import RECIPES, Recipe


class Family(StrEnum):
    """How a model is told of its pictures; the value is the pipeline class its folder names."""

    EDIT = "QwenImageEditPipeline"
    """One picture, shown to the language model at full size."""
    PLUS = "QwenImageEditPlusPipeline"
    """Several numbered pictures, shown to the language model at 384 x 384."""


class Lora(Frozen):
    """A low-rank change of the weights."""

    repo: str
    file: str


class Draft(Frozen):
    """A cheaper way to edit with the same weights: a LoRA that is switched on for it, and how it is sampled."""

    lora: Lora
    shift: float = Field(gt=0, description="Fixed shift of the schedule.")
    recipe: Recipe = Field(description="Of any kind of edit; it names the LoRA.")

    @property
    def name(self) -> str:
        """What plans call it."""
        return self.recipe.adapter


class Model(Frozen):
    """One way to edit: weights, what is fused into them or can be switched on, and how they are sampled."""

    repo: str = Field(description="Repository of the weights on the Hugging Face hub.")
    revision: str = "main"
    family: Family
    references: int = Field(default=0, ge=0, description="How many pictures beside the source it was trained with.")
    lora: Lora | None = Field(default=None, description="Fused into the weights at load.")
    shift: float | None = Field(default=None, gt=0, description="Fixed shift of the schedule; empty: by resolution.")
    recipes: Mapping[EditType, Recipe]
    drafts: tuple[Draft, ...] = Field(default=(), description="Cheaper ways with the same weights, the cheapest first.")
    licence: Licence = Field(description="The strictest of weights and LoRAs.")

    @property
    def distilled(self) -> bool:
        """True when guidance and steps are fixed by how it was trained."""
        return self.lora is not None

    @property
    def loras(self) -> dict[str, Lora]:
        """Every LoRA by the name it is switched on with; that which is fused has none."""
        return ({"": self.lora} if self.lora else {}) | {draft.name: draft.lora for draft in self.drafts}

    def shift_of(self, adapter: str) -> float | None:
        """Fixed shift of the schedule of a draft, or where `adapter` is empty of the model; None: by resolution."""
        return next((draft.shift for draft in self.drafts if draft.name == adapter), self.shift)


def _every_kind(recipe: Recipe) -> dict[EditType, Recipe]:
    return dict.fromkeys(EditType, recipe)


SHIFT = 3.0
"""Of the schedule of Lightning's LoRAs, by their makers; they run without guidance."""


def _with_lightning(model: Model, loras: Mapping[int, Lora]) -> dict[str, Model]:
    """The ways to run a model, by what is put after its name: alone, distilled to so many steps, both in one."""
    distilled = {
        f"-lightning-{steps}": model.model_copy(
            update={"lora": lora, "shift": SHIFT, "recipes": _every_kind(Recipe(cfg_scale=1.0, steps=steps))}
        )
        for steps, lora in loras.items()
    }
    drafts = tuple(
        Draft(lora=lora, shift=SHIFT, recipe=Recipe(cfg_scale=1.0, steps=steps, adapter=f"lightning-{steps}"))
        for steps, lora in loras.items()
    )
    return {"": model, **distilled, "-ladder": model.model_copy(update={"drafts": drafts})}


_PLUS = {"family": Family.PLUS, "references": 2, "recipes": _every_kind(Recipe(cfg_scale=4.0, steps=40))}

_EDIT = Model(repo="Qwen/Qwen-Image-Edit", family=Family.EDIT, recipes=RECIPES, licence=APACHE)
_2509 = Model(repo="Qwen/Qwen-Image-Edit-2509", **_PLUS, licence=APACHE)
_2511 = Model(repo="Qwen/Qwen-Image-Edit-2511", **_PLUS, licence=APACHE)
_FIRERED = Model(repo="FireRedTeam/FireRed-Image-Edit-1.1", **_PLUS, licence=APACHE)

_LIGHTNING = "lightx2v/Qwen-Image-Lightning"
_LORAS: Mapping[str, tuple[Model, Mapping[int, Lora]]] = {
    "qwen-image-edit": (
        _EDIT,
        {
            steps: Lora(repo=_LIGHTNING, file=f"Qwen-Image-Edit-Lightning-{steps}steps-V1.0-bf16.safetensors")
            for steps in (4, 8)
        },
    ),
    "qwen-image-edit-2509": (
        _2509,
        {
            steps: Lora(
                repo=_LIGHTNING,
                file=f"Qwen-Image-Edit-2509/Qwen-Image-Edit-2509-Lightning-{steps}steps-V1.0-bf16.safetensors",
            )
            for steps in (4, 8)
        },
    ),
    "qwen-image-edit-2511": (
        _2511,
        {
            steps: Lora(
                repo="lightx2v/Qwen-Image-Edit-2511-Lightning",
                file=f"Qwen-Image-Edit-2511-Lightning-{steps}steps-V1.0-bf16.safetensors",
            )
            for steps in (4, 8)
        },
    ),
    "firered-image-edit-1.1": (
        _FIRERED,
        {
            8: Lora(  # its makers publish eight steps only
                repo="FireRedTeam/FireRed-Image-Edit-1.1-ComfyUI",
                file="FireRed-Image-Edit-1.0-Lightning-8steps-v1.1.safetensors",
            )
        },
    ),
}

CATALOGUE: Mapping[str, Model] = {
    base + ending: model
    for base, (whole, loras) in _LORAS.items()
    for ending, model in _with_lightning(whole, loras).items()
}
"""Models by name."""

DEFAULT = "qwen-image-edit-2511"


def find(name: str) -> tuple[str, Model]:
    """Name and entry of a model, by its name or its repository. Raises `SettingsError` for one that is not listed."""
    by_repo = {whole.repo: base for base, (whole, _) in _LORAS.items()}
    key = by_repo.get(name, name)
    if key not in CATALOGUE:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_MODEL={name!r} is not in the catalogue. For weights of your own, name the model they "
            f"derive from there and their folder in EDIT_FLOWS_QWEN_WEIGHTS. Known: {', '.join(CATALOGUE)}"
        )
    return key, CATALOGUE[key]
