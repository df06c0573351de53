"""What the README tells people to type, typed."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.deployments.api.running import ROOT, Api, running

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.split("\n## Over HTTP\n")[1].split("\n## ")[0]


@pytest.fixture(scope="module")
def classical(prefect_server, obedient, tmp_path_factory) -> Iterator[Api]:
    """The API with the engine of a fresh clone."""
    with running(tmp_path_factory.mktemp("readme"), obedient.url, {"EDIT_FLOWS_ENGINE": "classical"}) as up:
        yield up


def size(picture: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture)).size


def typed(command: str, api: Api, tmp_path) -> str:
    """What the command prints, with the address of this API and its files in a folder of their own."""
    here = command.replace("http://127.0.0.1:8500", api.url).replace("@examples/", f"@{ROOT}/examples/")
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True, cwd=tmp_path)
    return done.stdout


def test_the_curl_commands_edit_a_picture_at_once_and_as_a_job(classical, tmp_path) -> None:
    at_once, ask, look, take = re.findall(r"^    (curl .*?)(?:  +#.*)?$", SECTION, re.MULTILINE)

    typed(at_once, classical, tmp_path)
    assert size((tmp_path / "welcome.png").read_bytes()) == (900, 1200)

    job = json.loads(typed(ask, classical, tmp_path))
    assert job["status"] == "queued"
    classical.ended(job["id"])
    assert json.loads(typed(look.replace("ID", job["id"]), classical, tmp_path))["status"] == "accepted"
    typed(take.replace("ID", job["id"]), classical, tmp_path)
    assert size((tmp_path / "warm.png").read_bytes()) == (1200, 900)


def test_the_lines_of_python_edit_a_picture_with_openais_client(classical, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    block = re.search(r"^    from pathlib.*?images\.edit.*?$", SECTION, re.MULTILINE | re.DOTALL)
    assert block
    lines = textwrap.dedent(block[0])
    known: dict[str, Any] = {}

    exec(lines.replace("http://127.0.0.1:8500", classical.url), known)

    known["client"].close()
    answer = known["answer"]
    assert size(base64.b64decode(answer.data[0].b64_json)) == (1200, 900)
