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
    """A low-rank change of the weights, fused into them at load."""

    repo: str
    file: str


class Model(Frozen):
    """One way to edit: weights, what is fused into them, and how they are sampled."""

    repo: str = Field(description="Repository of the weights on the Hugging Face hub.")
    revision: str = "main"
    family: Family
    references: int = Field(default=0, ge=0, description="How many pictures beside the source it was trained with.")
    lora: Lora | None = None
    shift: float | None = Field(default=None, gt=0, description="Fixed shift of the schedule; empty: by resolution.")
    recipes: Mapping[EditType, Recipe]
    licence: Licence = Field(description="The strictest of weights and LoRA.")

    @property
    def distilled(self) -> bool:
        """True when guidance and steps are fixed by how it was trained."""
        return self.lora is not None


def _every_kind(recipe: Recipe) -> dict[EditType, Recipe]:
    return dict.fromkeys(EditType, recipe)


def _with_lightning(model: Model, lora: Mapping[int, Lora]) -> dict[int, Model]:
    """The model by number of steps it is distilled to: guidance off, schedule shift 3 (Lightning's own figures)."""
    return {
        steps: model.model_copy(
            update={"lora": change, "shift": 3.0, "recipes": _every_kind(Recipe(cfg_scale=1.0, steps=steps))}
        )
        for steps, change in lora.items()
    }


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
    name: model
    for base, (whole, loras) in _LORAS.items()
    for name, model in {
        base: whole,
        **{f"{base}-lightning-{steps}": fast for steps, fast in _with_lightning(whole, loras).items()},
    }.items()
}
"""Models by name."""

DEFAULT = "qwen-image-edit-2511"


def find(name: str) -> tuple[str, Model]:
    """Name and entry of a model, by its name or its repository. Raises `SettingsError` for one that is not listed."""
    by_repo = {model.repo: key for key, model in CATALOGUE.items() if model.lora is None}
    key = by_repo.get(name, name)
    if key not in CATALOGUE:
        raise SettingsError(
            f"EDIT_FLOWS_QWEN_MODEL={name!r} is not in the catalogue. For weights of your own, name the model they "
            f"derive from there and their folder in EDIT_FLOWS_QWEN_WEIGHTS. Known: {', '.join(CATALOGUE)}"
        )
    return key, CATALOGUE[key]
