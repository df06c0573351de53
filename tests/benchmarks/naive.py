"""What everybody writes first: a flow that loads its model in every run. The load is a pause of five seconds."""

from __future__ import annotations

import time

from prefect import flow

from flows.edit import edit_image
from tasks.domain.models import EditRequest
from tasks.domain.results import EditResult

LOAD = 5.0
"""Seconds; the weights of the 20B model take longer from a local disk."""


@flow(name="naive")
def naive(request: EditRequest, output: str) -> EditResult:
    time.sleep(LOAD)
    return edit_image(request, output, "classical")


@flow(name="floor")
def floor() -> None:
    """Nothing: what it takes to start it is Prefect's own."""
