"""The run form of a deployment as a person wants it: boxes to fill in and lists to choose from.

Prefect draws the form from the JSON schema of the flow's parameters, and draws "a string or null" as a choice between
`str` and `None`. What is written down here are only differences of looks: parameters keep their names and meaning.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate

Schema = dict[str, Any]

TITLES = {
    "image": "Picture",
    "prompt": "Instruction",
    "edit_type": "Kind of edit",
    "type": "Kind of edit",
    "references": "Further pictures",
    "output_format": "File format",
    "cfg_scale": "Guidance",
    "approval": "Ask a person first",
    "cache": "Use the result cache",
    "at_once": "At the same time",
    "output": "Where results go",
    "test": "Test",
    "id": "Name",
}
"""Fields whose own name says too little, or too much."""
BLANK = {"string", "integer", "number", "object"}
"""Types whose box may be left blank; what is blank is not sent, and then the default holds."""


def readable(schema: Schema) -> Schema:
    """The same form with a title for every field, and without choices between a type and None.

    An empty value stays as good as none, but for a list to choose from: there null is no choice.
    """
    shown = deepcopy(schema)
    definitions: Schema = shown.get("definitions", {})
    for form in (shown, *definitions.values()):
        for name, field in form.get("properties", {}).items():
            form["properties"][name] = _shown(name, field, definitions)
    return shown


def make_readable(client: SyncPrefectClient, name: str) -> None:
    """The form of the deployment of that name, FLOW/DEPLOYMENT; doing it again changes nothing."""
    deployment = client.read_deployment_by_name(name)
    schema = deployment.parameter_openapi_schema
    if schema and (shown := readable(schema)) != schema:
        client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=shown))


def _shown(name: str, field: Schema, definitions: Schema) -> Schema:
    title = {"title": TITLES.get(name, name.replace("_", " ").capitalize())}
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {key: value for key, value in field.items() if key != "anyOf"}
    if len(kinds) == 1 and (kind := _choice(kinds[0], definitions)).get("type") in BLANK:
        if rest.get("default", ...) is None:
            del rest["default"]
        return kind | rest | title
    return _choice(field, definitions) | title


def _choice(field: Schema, definitions: Schema) -> Schema:
    """The field with the list it refers to in place, so that its title and description are its own."""
    target = definitions.get(str(field.get("$ref", "")).rpartition("/")[2], {})
    if "enum" not in target:
        return field
    return {"type": target["type"], "enum": target["enum"]} | {k: v for k, v in field.items() if k != "$ref"}
