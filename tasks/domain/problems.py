"""What pydantic finds wrong with what a person wrote: the field, what is wrong, and what may stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

SHOWN = 80
"""Characters of a wrong value that a message shows."""


def problems(kind: type[BaseModel], wrong: ValidationError) -> str:
    """Everything that is wrong with a document that was to be a `kind`, on one line."""
    return "; ".join(_told(kind, dict(problem)) for problem in wrong.errors())


def _told(kind: type[BaseModel], problem: dict[str, Any]) -> str:
    path = [part for part in problem["loc"] if not str(part).startswith("literal[")]  # which of several was tried
    field = ".".join(map(str, path)) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"{field}: there is no such field; known: {', '.join(_model_at(kind, path[:-1]).model_fields)}"
    if problem["type"] == "missing":
        return f"{field}: is missing; add it"
    said = problem["msg"].removeprefix("Value error, ")
    value = problem["input"]
    return f"{field}: {said}" if isinstance(value, dict | list) else f"{field}: {said} (got {repr(value)[:SHOWN]})"


def _model_at(kind: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model that a path of field names and positions leads to."""
    for part in path:
        if isinstance(part, str):
            kind = next(_models(kind.model_fields[part].annotation), kind)
    return kind


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  whatever a field may be annotated with
    """The models within an annotation such as tuple[Step, ...] | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
