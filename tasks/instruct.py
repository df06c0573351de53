"""What is to be done with a picture: its recipe, changed by its sidecar, as a request."""

from __future__ import annotations

from pathlib import PurePosixPath

from prefect import task

from tasks.domain.errors import RequestError
from tasks.domain.inbox import Arrival, Places
from tasks.domain.models import EditRequest, Frozen
from tasks.domain.template import Override, Template, compose, name_fault, parse
from tasks.retrying import retry_transient
from tasks.storage import files
from tasks.storage.documents import read_document


class Instruction(Frozen):
    """The arguments of one edit."""

    request: EditRequest
    output: str
    engine: str | None


@task(name="instruct", task_run_name="instruct", **retry_transient)
def instruct(places: Places, arrival: Arrival) -> Instruction:
    """The edit an arrival asks for.

    Raises `RequestError` naming file, field and remedy for a recipe that is unknown, ambiguous or broken, and for a
    broken sidecar.
    """
    template = _template(places, arrival)
    override = Override()
    if arrival.sidecar:
        override = parse(Override, read_document(arrival.sidecar.uri), uri=arrival.sidecar.uri)
    return Instruction(
        request=compose(template, override, image=arrival.uri, recipe=arrival.recipe),
        output=files.join(places.output, template.output or arrival.recipe),
        engine=template.engine,
    )


def _template(places: Places, arrival: Arrival) -> Template:
    if fault := name_fault(arrival.recipe):
        raise RequestError(f"no recipe can be called {arrival.recipe!r}: the name {fault}")
    match arrival.recipes:
        case ():
            wanted = files.join(places.recipes, f"{arrival.recipe}.yaml")
            raise RequestError(f"there is no recipe {arrival.recipe!r}: write {wanted!r}")
        case (only,):
            return parse(Template, read_document(only.uri), uri=only.uri)
        case several:
            names = ", ".join(PurePosixPath(found.uri).name for found in several)
            raise RequestError(f"the recipe {arrival.recipe!r} is there more than once ({names}): keep one")
