"""What an engine says about how it works: what retries, views and preparations need to know of it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from tasks.domain.licences import UNKNOWN, Licence
from tasks.domain.models import EditType, Frozen
from tasks.domain.recipes import RECIPES, Recipe


class Traits(Frozen):
    """What an engine says about how it works. None of it changes its pixels, so it is no part of its identity."""

    works_at: int | None = Field(
        default=None, ge=1, description="Pixels of a picture it works at; a larger one it sees in part or scaled down."
    )
    multiple: int = Field(default=1, ge=1, description="The sides of what it is shown are multiples of this.")
    varies: frozenset[EditType] = Field(
        default=frozenset(EditType), description="Kinds of edit whose pixels depend on seed, guidance or steps."
    )
    exact: bool = Field(default=False, description="True when it leaves what it does not change bit for bit alone.")
    reads_freely: bool = Field(default=True, description="False when more words in an instruction would mislead it.")
    references: int = Field(default=0, ge=0, description="How many further pictures it can be shown.")
    tunable: bool = Field(default=True, description="False when guidance and steps are fixed by how it was distilled.")
    recipes: Mapping[EditType, Recipe] = Field(default=RECIPES, description="Its own parameters by kind of edit.")
    drafts: tuple[Recipe, ...] = Field(
        default=(), description="Cheaper parameters for any kind of edit, the cheapest first, to be tried before those."
    )
    licence: Licence = Field(default=UNKNOWN, description="Of its model; it decides where the engine may be used.")

    def ladder(self, kind: EditType) -> tuple[Recipe, ...]:
        """Its parameters for a kind of edit, from the cheapest to the best."""
        return (*self.drafts, self.recipes[kind])
