"""What a request for an edit asks for, every value checked before anything is decoded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from tasks.domain.errors import EditFlowError
from tasks.domain.models import MAX_PROMPT, EditType, EngineIdentity, Frozen, OutputFormat
from tasks.domain.traits import Traits
from tasks.engines.server.errors import BadField, ModelNotFound
from tasks.engines.server.form import Form, Upload

IGNORED = frozenset(
    {"user", "background", "input_fidelity", "moderation", "output_compression", "partial_images", "style"}
)
"""Parameters of OpenAI's API that make no difference here and are taken without a word."""
PICTURES = ("image", "image[]")
SHOWN = 80
"""Characters of a wrong value that a message repeats."""


def _dimensions(size: object) -> object:
    """Width and height of "WIDTHxHEIGHT"; None for "auto"."""
    if size == "auto":
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", str(size), re.ASCII)
    if not found:
        raise ValueError("give auto or WIDTHxHEIGHT in pixels, such as 1024x1024")
    return int(found[1]), int(found[2])


class EditOrder(Frozen):
    """The text fields of a request for an edit: OpenAI's, and further ones (from `steps` on)."""

    prompt: str = Field(max_length=MAX_PROMPT)
    model: str = ""
    n: int = Field(default=1, ge=1, le=10)
    size: Annotated[tuple[int, int] | None, BeforeValidator(_dimensions)] = None
    response_format: Literal["b64_json"] = "b64_json"
    output_format: OutputFormat = OutputFormat.PNG
    stream: bool = False
    quality: str = ""
    steps: int | None = Field(default=None, ge=1, le=200)
    cfg: float | None = Field(default=None, ge=1, le=20)
    adapter: str = ""
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    negative_prompt: str | None = Field(default=None, max_length=MAX_PROMPT)
    edit_type: EditType | None = None
    priority: int = Field(default=1, ge=0, le=9)
    deadline: float | None = Field(default=None, gt=0, le=86_400)

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the instruction is empty; say what to change")
        return prompt

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _is_text(cls, text: str | None) -> str | None:
        if text and "\0" in text:
            raise ValueError("NUL characters are no text; send the words only")
        return text

    @field_validator("response_format", mode="before")
    @classmethod
    def _is_offered(cls, kind: object) -> object:
        if kind == "url":
            raise ValueError("this server keeps no pictures to link to; ask for b64_json")
        return kind

    @field_validator("output_format", mode="before")
    @classmethod
    def _usual_name(cls, name: object) -> object:
        return "jpeg" if name == "jpg" else name


class Sent(NamedTuple):
    """A request for an edit: what it asks for and its files, not decoded."""

    order: EditOrder
    source: Upload
    references: tuple[Upload, ...]
    mask: Upload | None


def understand(form: Form) -> Sent:
    """The order in a form. Raises `BadField` naming the field that is missing, unknown or has a wrong value."""
    for name in form.files:
        if name in EditOrder.model_fields:
            raise BadField(f"{name} is sent as a file: send it as text", name)
        if name not in {*PICTURES, "mask"}:
            raise _unknown(name)
    for name in form.texts:
        if name in {*PICTURES, "mask"}:
            raise BadField(f"{name} is sent as text: send it as a file, with a file name", name)
        if name not in EditOrder.model_fields and name not in IGNORED:
            raise _unknown(name)
    pictures = [upload for name in form.files if name in PICTURES for upload in form.files[name]]
    if not pictures:
        raise BadField("Missing required parameter: 'image'.", "image", "missing_required_parameter")
    if "prompt" not in form.texts:
        raise BadField("Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter")
    masks = form.files.get("mask", ())
    if len(masks) > 1:
        raise BadField(f"{len(masks)} masks are given: give one", "mask")
    values = {
        name: value
        for name, value in form.texts.items()
        if name not in IGNORED and (name == "prompt" or value.strip())  # an empty field is one that was left out
    }
    return Sent(_checked(values), pictures[0], tuple(pictures[1:]), masks[0] if masks else None)


def ensure_served(model: str, identity: EngineIdentity) -> None:
    """Return when `model` names what is served, or nothing; raises `ModelNotFound` otherwise."""
    names = (identity.model, identity.model.rpartition("/")[2], identity.name)
    if model and model.casefold() not in {name.casefold() for name in names}:
        raise ModelNotFound(
            f"the model {shortened(model)} is not served here: ask for {identity.model!r} or leave it out"
        )


def ensure_takes(sent: Sent, traits: Traits, identity: EngineIdentity) -> None:
    """Return when the engine can be shown all reference pictures and has the adapter; raises `BadField` otherwise."""
    count = len(sent.references)
    if count > traits.references:
        most = f"at most {traits.references} of them" if traits.references else "none"
        raise BadField(f"{count} reference pictures are given, {identity.name} takes {most}: send fewer", "image")
    adapter, drafts = sent.order.adapter, [draft.adapter for draft in traits.drafts]
    if adapter and adapter not in drafts:
        offered = f"ask for {', '.join(drafts)}" if drafts else "it has none"
        raise BadField(
            f"adapter={shortened(adapter)} is unknown to {identity.name}: {offered}, or leave it out", "adapter"
        )


def shortened(value: object) -> str:
    """A value as a message shows it."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."


def first_problem(wrong: ValidationError) -> EditFlowError:
    """The first thing pydantic found, as an error that names the field."""
    found = wrong.errors()[0]
    where = ".".join(map(str, found["loc"])) or None
    if found["type"] == "missing":
        return BadField(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    if found["type"] == "extra_forbidden":
        return BadField(f"Unknown parameter: '{where}'.", where, "unknown_parameter")
    said = found["msg"].removeprefix("Value error, ")
    return BadField(f"{where}={shortened(found['input'])}: {said}", where)


def _checked(values: Mapping[str, str]) -> EditOrder:
    try:
        return EditOrder.model_validate(values)
    except ValidationError as wrong:
        raise first_problem(wrong) from None


def _unknown(name: str) -> BadField:
    known = ", ".join(["image", "mask", *EditOrder.model_fields])
    return BadField(f"Unknown parameter: {shortened(name)}. Known: {known}.", name[:SHOWN], "unknown_parameter")
