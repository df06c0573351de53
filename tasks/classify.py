"""Box B, classify edit type: the instruction says what kind of change it asks for."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain import classification
from tasks.domain.models import Classification, EditRequest


@task(name="classify", task_run_name="classify")
def classify(request: EditRequest) -> Classification:
    """The kind of edit: the one the request names, else the one its words show, with confidence and reason.

    The only caller of a classifier: an engine that brings a vision-language model can answer here instead.
    """
    found = classification.classify(request.prompt, request.edit_type)
    get_run_logger().info("%s (confidence %.2f): %s", found.edit_type, found.confidence, found.reason)
    return found
