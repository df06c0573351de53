"""What compose.yaml says about its services, as processes of this machine: the same commands, the same environment."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
BIN = Path(sys.executable).parent
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def services(name: str = "compose.yaml") -> dict[str, Any]:
    """The services of a compose file by name."""
    described: dict[str, Any] = yaml.safe_load((DEPLOYMENTS / name).read_text(encoding="utf-8"))["services"]
    return described


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in, as Compose does; raises `KeyError` for one that has to be set."""

    def value(found: re.Match[str]) -> str:
        name, kind, word = found.groups()
        return values.get(name) or word if kind == "-" else values[name]

    return VARIABLE.sub(value, text)


def environment(service: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """What the service finds in its environment, besides what the image sets."""
    said: dict[str, str | None] = service.get("environment", {})
    passed = {name: values[name] for name, text in said.items() if text is None and name in values}
    return passed | {name: filled(text, values) for name, text in said.items() if text is not None}


def command(argv: list[str]) -> list[str]:
    """The command line with the programs of this environment instead of the image's."""
    return [str(BIN / argv[0]), *argv[1:]]
