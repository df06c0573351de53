"""The API held against its own schema: whatever is sent, the answer is one the schema names, in the shape it names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.deployments.api.running import running

HERE = Path(__file__).parent
EXAMPLES = 4
"""Requests of each kind for each route; several hundred in all."""


def test_schemathesis_finds_nothing(prefect_server, obedient, tmp_path) -> None:
    """Its command rather than its fixtures, which do not know this pytest; an API whose edits end with it."""
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(HERE / "schemathesis.toml"), "run"]
    options = ["--max-examples", str(EXAMPLES), "--request-timeout", "60", "--continue-on-failure"]
    settings = {"EDIT_FLOWS_API_RATE": "100000/minute", "EDIT_FLOWS_API_QUEUE": "1000"}
    with running(tmp_path / "conformance", obedient.url, settings) as api:
        done = subprocess.run(
            [*command, f"{api.url}/openapi.json", *options],
            env=os.environ | {"SCHEMATHESIS_HOOKS": str(HERE / "schema_hooks.py")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-8000:]
