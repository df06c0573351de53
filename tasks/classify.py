"""Box B, classify edit type: the instruction says what kind of change it asks for."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain import classification
from tasks.domain.errors import EngineError
from tasks.domain.models import Classification, Job
from tasks.engines.assistant.classifying import UNSURE, decide
from tasks.engines.registry import get_engine
from tasks.storage import desk


@task(name="classify", task_run_name="classify")
def classify(job: Job) -> Classification:
    """The kind of edit: the one the request names, else the one its words show, with confidence and reason.

    Where the words leave it open, the vision-language model of the job's engine is asked, if it has one. When that
    fails, the words decide.
    """
    prompt, logger = job.request.prompt, get_run_logger()
    found = classification.classify(prompt, job.request.edit_type)
    vision = get_engine(job.engine.name).vision if found.confidence < UNSURE else None
    if vision is not None:
        try:
            found = decide(found, vision, desk.pick_up(job.source), prompt)
        except EngineError as failed:
            logger.warning("the vision-language model could not be asked, the words decide: %s", failed)
    logger.info("%s (confidence %.2f): %s", found.edit_type, found.confidence, found.reason)
    return found
