"""What the retries of one job can draw on: engines by name with their traits, and a budget."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from tasks.domain.models import EditPlan, Frozen
from tasks.domain.recipes import Recipe
from tasks.domain.traits import Traits


class Means(Frozen):
    """What a retry of one job can draw on, and how much of it."""

    engine: str = Field(description="Name of the engine the job asks for.")
    traits: Mapping[str, Traits] = Field(description="Of every engine named here.")
    alternates: tuple[str, ...] = Field(default=(), description="Engines to try when that one cannot get it right.")
    typesetter: str | None = Field(default=None, description="Engine that may set the words of a text edit itself.")
    prompt: str = Field(description="The instruction in the user's own words.")
    pixels: int = Field(ge=1, description="Of the source.")
    masked: bool = Field(default=False, description="True when the request says by a mask what may change.")
    max_attempts: int = Field(ge=1)
    max_engine_seconds: float = Field(gt=0)

    def name(self, plan: EditPlan) -> str:
        """The engine a plan is for."""
        return plan.engine or self.engine

    def of(self, plan: EditPlan) -> Traits:
        """The traits of the engine a plan is for."""
        return self.traits[self.name(plan)]

    def windowed(self, plan: EditPlan) -> bool:
        """True when the plan's engine sees less than the whole source at once, so that context matters."""
        works_at = self.of(plan).works_at
        return works_at is not None and self.pixels > works_at

    def varies(self, plan: EditPlan) -> bool:
        """True when seed, guidance and steps make a difference to the plan's engine."""
        return plan.contract.edit_type in self.of(plan).varies

    def tunable(self, plan: EditPlan) -> bool:
        """True when guidance and steps may be changed, and make a difference to the plan's engine."""
        return self.varies(plan) and self.of(plan).tunable and not plan.adapter

    def better(self, plan: EditPlan) -> tuple[Recipe, ...]:
        """The parameters above those of a plan that is a draft, up to its engine's best; none for any other plan."""
        ladder = self.of(plan).ladder(plan.contract.edit_type)
        return next((ladder[at:] for at, recipe in enumerate(ladder, start=1) if recipe.adapter == plan.adapter), ())

    def translated(self, plan: EditPlan, engine: str) -> dict[str, float | int | str]:
        """What of a plan another engine is told differently.

        Sampling parameters that are the plan's engine's own give way to theirs; where more words would mislead it, it
        gets the user's.
        """
        kind = plan.contract.edit_type
        ladder = self.of(plan).ladder(kind)
        own = next((recipe for recipe in ladder if recipe.adapter == plan.adapter), ladder[-1])
        theirs = self.traits[engine].recipes[kind]
        told: dict[str, float | int | str] = {
            name: getattr(theirs, name) for name in type(own).model_fields if getattr(plan, name) == getattr(own, name)
        }
        return told if self.traits[engine].reads_freely else told | {"prompt": self.prompt}

    def essence(self, plan: EditPlan) -> tuple[object, ...]:
        """What of a plan its engine's pixels depend on: two plans of one essence give the same picture."""
        return (
            self.name(plan),
            plan.prompt,
            plan.negative_prompt,
            (plan.seed, plan.cfg_scale, plan.steps, plan.adapter) if self.varies(plan) else None,
            plan.context if self.windowed(plan) else None,
            plan.strict,
        )
