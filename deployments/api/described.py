"""The API's description of itself (OpenAPI), with what the framework does not see: problems and keys."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from deployments.api.problems import OpenAIProblem, Problem

SCHEMAS = "#/components/schemas/"
KEYS = {"bearer": {"type": "http", "scheme": "bearer", "description": "The secret of a key, where keys are set."}}


def describe(app: FastAPI, *, keyed: bool) -> None:
    """Have the app describe its problems, its forms as they are sent, and, where keys are set, that one is needed."""
    by_routes = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = by_routes()
            _, problems = models_json_schema(
                [(Problem, "serialization"), (OpenAIProblem, "serialization")], ref_template=SCHEMAS + "{model}"
            )
            parts = found["components"]
            parts["schemas"] |= problems["$defs"]
            if keyed:
                parts["securitySchemes"] = KEYS
                found["security"] = [{"bearer": []}]
            for name, schema in parts["schemas"].items():
                if name.startswith("Body_"):
                    schema["properties"] = {field: _in_form(of) for field, of in schema["properties"].items()}
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _in_form(field: dict[str, Any]) -> dict[str, Any]:
    """A field as a form has it: left out rather than null, and files named as tools for OpenAPI know them."""
    if "anyOf" in field:
        (only,) = (kind for kind in field["anyOf"] if kind != {"type": "null"})
        field = {name: value for name, value in field.items() if name != "anyOf"} | only
    if "items" in field:
        field["items"] = _in_form(field["items"])
    if field.pop("contentMediaType", None):
        field["format"] = "binary"
    return field
