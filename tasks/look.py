"""One variation as a picture on the desk: the result of its edit, or the picture itself."""

from __future__ import annotations

from prefect import task

from tasks.domain.campaign import Brief, Look, Variation
from tasks.domain.results import EditResult
from tasks.imaging import codec
from tasks.retrying import retry_transient
from tasks.storage import desk, files


@task(name="look", task_run_name="look {variation.name}", **retry_transient)
def look(brief: Brief, variation: Variation, edited: EditResult | None) -> Look:
    """The picture all sizes of a variation are derived from."""
    if edited is None:
        return Look(variation=variation.name, image=brief.source)
    picture = codec.decode(files.read(edited.output.uri), name=edited.output.uri)
    number = brief.variations.index(variation)
    laid = desk.lay(brief.desk, f"look-{number}", picture)
    return Look(variation=variation.name, image=laid, edit=edited.metadata_uri)
