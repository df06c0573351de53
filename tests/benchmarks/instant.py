"""An engine that answers at once, and the boxes of the flow around it as plain calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from PIL import Image
from prefect import Task
from prefect.logging import disable_run_logger

from tasks.classify import classify
from tasks.domain.models import Attempt, EditPlan, EditRequest, EditType, EngineIdentity
from tasks.domain.results import EditResult
from tasks.domain.traits import Traits
from tasks.edit import edit
from tasks.engines.protocol import Edited, Report
from tasks.engines.registry import ENGINES, Entry
from tasks.load import load
from tasks.metadata import metadata
from tasks.permit import permit
from tasks.prepare import prepare_appearance, prepare_hybrid, prepare_semantic, prepare_text
from tasks.preserve import preserve
from tasks.recall import recall
from tasks.save import save
from tasks.storage.desk import open_desk
from tasks.validate import validate

BRANCHES: Mapping[EditType, Task[..., EditPlan]] = {
    EditType.SEMANTIC: prepare_semantic,
    EditType.APPEARANCE: prepare_appearance,
    EditType.TEXT: prepare_text,
    EditType.HYBRID: prepare_hybrid,
}

_Made = TypeVar("_Made")


class InstantEngine:
    """Gives `answer`, whatever it is asked, so that only what is around an engine takes time."""

    answer: ClassVar[Image.Image]

    identity = EngineIdentity(name="instant", model="none", revision="1", stand_in=True)
    traits = Traits()

    vision = None

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """The answer; nothing is asked of the arguments."""
        del source, plan, mask, report, references
        return Edited(self.answer)


class Call(Protocol):
    """How a box is called: with what it is given, for what it makes."""

    def __call__(self, box: Task[..., _Made], *given: Any) -> _Made: ...


def plainly(box: Task[..., _Made], *given: Any) -> _Made:
    """What the box makes, called as the function it is."""
    return box.fn(*given)


def answering(picture: Image.Image, engine: type[InstantEngine] = InstantEngine) -> str:
    """Name of an engine that answers every edit from now on with `picture`."""
    engine.answer = picture
    ENGINES[engine.identity.name] = Entry(f"{engine.__module__}:{engine.__qualname__}", "nothing")
    return engine.identity.name


def edited(request: EditRequest, output: str, call: Call = plainly) -> EditResult:
    """The result of the instant engine's one answer, as the flow makes it, without Prefect: no retry, nothing shown."""
    with open_desk() as folder, disable_run_logger():
        job = call(load, request, output, InstantEngine.identity.name, folder)
        permit(job)  # a task where a policy is set, and none is
        if call(recall, job) is not None:
            raise AssertionError("every request of a benchmark is new")
        kind = call(classify, job)
        plan = call(BRANCHES[kind.edit_type], job)
        made = call(edit, job, plan, 1)
        if made is None:
            raise AssertionError("the instant engine always answers")
        kept = call(preserve, job, plan, made, 1)
        verdict = call(validate, job, plan, kept, 1)
        saved = call(save, job, [Attempt(plan=plan, candidate=kept, verdict=verdict)])
        return call(metadata, job, kind, saved)
