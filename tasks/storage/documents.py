"""Small YAML and JSON files written by people, read as plain data: nothing in them can name code or grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from tasks.domain.errors import RequestError
from tasks.domain.fields import no_number, without_doubles
from tasks.storage import files, listing

MAX_BYTES = 64 * 1024
"""Largest file; a prompt of 2,000 characters needs 8 kB at most."""
MAX_DEPTH = 8
"""Mappings and lists within each other; a recipe needs 2."""


def read_document(uri: str) -> dict[str, Any]:
    """The fields of a YAML or JSON file (by its ending), UTF-8.

    Raises `RequestError` naming the file and the place for what is too large, no text, not well-formed, ambiguous
    (a field given twice) or more than plain data (YAML tags, anchors and aliases).
    """
    entry = listing.look(uri)
    if entry is not None and entry.size > MAX_BYTES:
        raise RequestError(f"{uri!r} has {entry.size} bytes: the limit is {MAX_BYTES}")
    try:
        text = files.read(uri).decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise RequestError(f"{uri!r} is not UTF-8 text ({broken.reason}): save it as UTF-8") from broken
    try:
        content = _from_json(text) if uri.endswith(".json") else _from_yaml(text)
    except RecursionError:
        raise RequestError(f"{uri!r}: more than {MAX_DEPTH} levels within each other: make it flat") from None
    except yaml.YAMLError as broken:
        raise RequestError(f"{uri!r} is not YAML: {' '.join(str(broken).split())}") from broken
    except ValueError as broken:
        raise RequestError(f"{uri!r} cannot be read: {broken}") from broken
    if not isinstance(content, dict):
        raise RequestError(f"{uri!r} holds {type(content).__name__}, not fields: write 'prompt: ...' or {{...}}")
    return content


def _from_json(text: str) -> Any:  # noqa: ANN401  JSON is what it is
    return json.loads(text, object_pairs_hook=without_doubles, parse_constant=no_number)


def _from_yaml(text: str) -> Any:  # noqa: ANN401  YAML is what it is
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"line {event.start_mark.line + 1}" if event.start_mark else "the file"
        if getattr(event, "anchor", None):
            raise ValueError(f"{where} has an anchor or alias (& or *): write the value out")
        if tag := getattr(event, "tag", None):
            raise ValueError(f"{where} has the tag {tag!r}: remove it, plain values are enough")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise RecursionError
    if double := next(_doubles(yaml.compose(text, Loader=yaml.SafeLoader)), None):
        raise ValueError(f"{double.value!r} is given a second time: keep one")
    return yaml.safe_load(text)


def _doubles(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Keys that their mapping has already."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubles(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _doubles(value)
