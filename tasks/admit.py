"""A test that may be made: nothing else has its name, its picture can be read, its records can be written."""

from __future__ import annotations

import hashlib

from prefect import task

from tasks.domain.ab.experiment import Definition, Experiment
from tasks.domain.models import Frozen, ImageRef, OutputFormat
from tasks.imaging import codec
from tasks.retrying import retry_transient
from tasks.statistics.planning import planned_impressions
from tasks.storage import experiments, files
from tasks.storage.naming import own_name


class Admitted(Frozen):
    """A test that can begin."""

    source: ImageRef
    pictures: str
    """Folder of what the variants show."""
    existing: Experiment | None
    """The record, when the same test was made before."""


@task(name="admit", task_run_name="admit {test.id}", **retry_transient)
def admit(output: str, test: Definition, image: str) -> Admitted:
    """The test with a copy of its picture, upright and in sRGB, which is what a variant without a prompt shows.

    Raises `RequestError` for a picture that cannot be read, an output that cannot be written, an aim out of reach, and
    an id that another test has.
    """
    planned_impressions(test)
    picture = codec.decode(files.read(image), name=image)
    sha256 = codec.pixel_sha256(picture)
    folder = files.join(experiments.folder_of(output, test.id), "pictures")
    data = codec.encode(picture, OutputFormat.PNG)
    source = ImageRef(
        uri=files.join(folder, f"{own_name(image)}-{sha256[:12]}-source.png"),
        sha256=sha256,
        file_sha256=hashlib.sha256(data).hexdigest(),
        width=picture.width,
        height=picture.height,
    )
    existing = experiments.find(output, test.id)
    if existing is None:
        files.ensure_writable(output)
        files.write_once(source.uri, data)
    else:
        experiments.ensure_same(existing, test, source)
    return Admitted(source=source, pictures=folder, existing=existing)
