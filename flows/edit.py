"""edit-image: one picture classified, edited, checked, saved. Letters are the boxes of the README diagram."""

from __future__ import annotations

from prefect import flow

from tasks.classify import classify
from tasks.domain.models import Attempt, EditPlan, EditRequest, EditType
from tasks.domain.results import EditResult
from tasks.edit import edit
from tasks.load import load
from tasks.metadata import metadata
from tasks.permit import permit
from tasks.prepare import prepare_appearance, prepare_hybrid, prepare_semantic, prepare_text
from tasks.preserve import preserve
from tasks.publish import publish
from tasks.recall import recall
from tasks.remember import remember
from tasks.requeue import requeue
from tasks.save import save
from tasks.storage.desk import open_desk
from tasks.summon import summon
from tasks.validate import validate


@flow(name="edit-image", validate_parameters=True)
def edit_image(request: EditRequest, output: str | None = None, engine: str | None = None) -> EditResult:
    """The edited picture, proved right or put aside for review, with its metadata.

    Args:
        request: The picture and what to change in it.
        output: Folder or s3:// prefix for the result; empty: the usual place (setting EDIT_FLOWS_OUTPUT).
        engine: Name of the engine; empty: the usual one (setting EDIT_FLOWS_ENGINE).

    """
    with open_desk() as folder:
        job = load(request, output, engine, folder)  # A  image in
        permit(job)  # the content policy, before anything is looked up or made
        if earlier := recall(job):
            return publish(earlier)
        kind = classify(job)  # B  classify edit type
        plan: EditPlan | None
        match kind.edit_type:
            case EditType.SEMANTIC:
                plan = prepare_semantic(job)  # C  Qwen2.5-VL conditioning
            case EditType.APPEARANCE:
                plan = prepare_appearance(job)  # D  VAE-encoder conditioning
            case EditType.TEXT:
                plan = prepare_text(job)  # E  text edit
            case EditType.HYBRID:
                plan = prepare_hybrid(job)  # C + D + E
        attempts: list[Attempt] = []
        while plan:
            number = len(attempts) + 1
            candidate = edit(job, plan, number)  # F  edit
            if candidate is None:  # the engine fallen back on could not: what there is goes to review
                break
            candidate = preserve(job, plan, candidate, number)  # all else as it was
            verdict = validate(job, plan, candidate, number)  # G  validate
            attempts.append(Attempt(plan=plan, candidate=candidate, verdict=verdict))
            plan = None if verdict.passed else requeue(job, attempts, number)  # H  passed?  J  re-edit queue
        saved = save(job, attempts)  # I  save result
        return publish(summon(remember(job, metadata(job, kind, saved))))  # K  metadata, L  done
