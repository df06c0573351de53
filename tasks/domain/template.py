"""What users call a recipe: a request without its picture, and what a sidecar beside a picture may change of it.

In the code the word recipe already means sampling parameters (`tasks.domain.recipes`), so the file is a `Template`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator

from tasks.domain.errors import RequestError
from tasks.domain.inbox import REFUSED, same_name
from tasks.domain.models import MAX_PROMPT, MAX_SEED, EditRequest, EditType, Frozen, Label, OutputFormat, Quality
from tasks.domain.problems import problems

MAX_NAME = 100
"""Characters of a recipe's name."""

Prompt = Annotated[str, Field(min_length=1, max_length=MAX_PROMPT)]
Labelled = Annotated[str, Field(max_length=1000)]


class Override(Frozen):
    """A sidecar: what one picture wants otherwise than its recipe. Engine and output stay the recipe's."""

    prompt: Prompt | None = None
    edit_type: EditType | Literal["auto"] | None = None
    seed: Annotated[int, Field(ge=0, lt=MAX_SEED)] | None = None
    cfg_scale: Annotated[float, Field(ge=1, le=20)] | None = None
    steps: Annotated[int, Field(ge=1, le=200)] | None = None
    output_format: OutputFormat | None = None
    label: Label | None = None
    keep_exif: bool | None = None
    quality: Quality | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    metadata: dict[str, Labelled] = Field(default_factory=dict, max_length=50, description="Added to the recipe's own.")

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str | None) -> str | None:
        if prompt is not None and not prompt.strip():
            raise ValueError("the instruction is empty; say what to change")
        return prompt


class Template(Override):
    """A recipe: everything of a request but the picture. Fields as in `EditRequest`, which says what they mean."""

    prompt: Prompt
    engine: str | None = Field(default=None, min_length=1, description="Empty: the EDIT_FLOWS_ENGINE setting.")
    approval: bool | None = Field(default=None, description="Whether a person must approve what comes of it.")
    output: str | None = Field(default=None, description="Folder below the output; empty: the recipe's name.")

    @field_validator("output")
    @classmethod
    def _is_a_folder(cls, output: str | None) -> str | None:
        if output is not None and (fault := name_fault(output)):
            raise ValueError(f"{output!r} {fault}; give the plain name of a folder below the output")
        return output


def name_fault(name: str) -> str | None:
    """What is wrong with a name that is to become a folder; None when it can be one: names are data, never paths."""
    if not name.strip() or len(name) > MAX_NAME:
        return f"has {len(name)} characters, 1 to {MAX_NAME} are allowed"
    if same_name(name) == REFUSED:
        return "is taken: records of what is refused lie in a folder of that name"
    if name.startswith(".") or name != name.strip():
        return "begins with a dot or has spaces at its ends"
    if any(unicodedata.category(character).startswith("C") or character in '/\\%:*?"<>|' for character in name):
        return 'has an invisible character or one of / \\ % : * ? " < > |'
    return None


M = TypeVar("M", Override, Template)


def parse(kind: type[M], content: Mapping[str, Any], *, uri: str) -> M:
    """A recipe or sidecar of what its file holds. Raises `RequestError` naming the file, each wrong field and why."""
    try:
        return kind.model_validate(content)
    except ValidationError as wrong:
        raise RequestError(f"{uri!r}: {problems(kind, wrong)}") from wrong


def compose(template: Template, override: Override, *, image: str, recipe: str) -> EditRequest:
    """The request for one picture: the recipe, changed by the picture's sidecar, labelled with the recipe's name."""
    terms = template.model_dump(exclude_none=True) | override.model_dump(exclude_none=True)
    kept = {name: value for name, value in terms.items() if name in EditRequest.model_fields and value != "auto"}
    labels = {"recipe": recipe} | template.metadata | override.metadata
    return EditRequest.model_validate(kept | {"image": image, "metadata": labels})
