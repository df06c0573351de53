"""Boxes K and L, metadata and done: everything that was asked, tried, measured and used, written last."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from prefect import task

from tasks import __version__
from tasks.domain.models import Classification, Job
from tasks.domain.results import EditResult, Saved, spent_on
from tasks.engines.registry import get_engine
from tasks.retrying import retry_transient
from tasks.storage import files, naming
from tasks.storage.records import receipt
from tasks.storage.settled import settled

SOFTWARE = ("prefect", "pillow", "numpy", "scikit-image", "rapidocr", "onnxruntime", "tesserocr")


@task(name="metadata", task_run_name="metadata", **retry_transient)
def metadata(job: Job, kind: Classification, saved: Saved) -> EditResult:
    """The result, also written as a signed receipt beside the picture; if another run was done with it first, its."""
    result = EditResult(
        identity=job.identity,
        outcome=saved.outcome,
        request=job.request,
        original=job.original,
        output=saved.output,
        sheet_uri=saved.sheet_uri,
        mask_uri=saved.mask_uri,
        metadata_uri=naming.metadata_uri(job, saved.outcome),
        classification=kind,
        engine=saved.engine,
        licence=get_engine(saved.engine.name).traits.licence,
        attempts=saved.attempts,
        spent=spent_on(saved.attempts),
        untouched=saved.untouched,
        marks=saved.marks,
        started=job.started,
        finished=datetime.now(UTC),
        software=dict(_software()),
    )
    signed, document = receipt(result)
    files.write_once(signed.metadata_uri, document)
    counts = settled(job) or signed
    return signed if counts == signed else counts.again()


@cache
def _software() -> Mapping[str, str]:
    """The version of each program; looked up once, since finding them takes as long as decoding a picture."""
    ours = {"edit-flows": __version__, "python": platform.python_version()}
    return ours | {name: version(name) for name in SOFTWARE}
