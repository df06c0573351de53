"""One variation as a picture on the desk: the result of its edit, or the picture itself."""

from __future__ import annotations

from prefect import task

from tasks.domain.campaign import Brief, Look, Variation
from tasks.domain.marking import EditClass
from tasks.domain.results import EditResult
from tasks.imaging import codec
from tasks.retrying import retry_transient
from tasks.storage import desk, files


@task(name="look", task_run_name="look {variation.name}", **retry_transient)
def look(brief: Brief, variation: Variation, edited: EditResult | None) -> Look:
    """The picture all sizes of a variation are derived from."""
    number = brief.variations.index(variation)
    uri = brief.original if edited is None else edited.output.uri
    data = files.read(uri)
    file = desk.keep_file(brief.desk, f"look-{number}.file", data)
    if edited is None:
        return Look(variation=variation.name, image=brief.source, file=file)
    return Look(
        variation=variation.name,
        image=desk.lay(brief.desk, f"look-{number}", codec.decode(data, name=uri)),
        edit=edited.metadata_uri,
        # a receipt of before there were marks does not say
        edit_class=edited.marks.edit_class if edited.marks else EditClass.GENERATIVE,
        engine=edited.engine,
        file=file,
    )
