"""A composing flow of one edit, run as a process of its own: python -m tests.reliability.parent IMAGE OUTPUT KEY."""

from __future__ import annotations

import sys

from prefect import flow

from flows.dispatch import dispatch_edit
from tasks.domain.models import EditRequest


@flow(name="parent")
def parent(image: str, output: str, key: str) -> str:
    request = EditRequest(image=image, prompt="Give it a warm look", priority=9, metadata={"key": key})
    return dispatch_edit(request, output, key=key).model_dump_json()


if __name__ == "__main__":
    sys.stdout.write(parent(*sys.argv[1:]))
