"""What we depend on: every locked package has its hashes and a licence we may ship beside, and stands in the bill."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageMetadata, metadata, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "core.txt"
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
ALLOWED = {
    *("MIT", "MIT License", "MIT-0", "MIT-CMU", "0BSD", "ISC", "ISC License (ISCL)", "Zlib", "CC0-1.0"),
    *("BSD License", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License"),
    *("Apache-2.0", "Apache Software License", "PSF-2.0", "Python Software Foundation License", "CNRI-Python"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),  # of files we use as they are
    "Artistic License",  # text-unidecode: a table of letters, used as it is
}


def licence(about: PackageMetadata) -> str:
    """What a package says of its licence: as SPDX, else by classifier, else in its own words."""
    kinds = [kind.rpartition(" :: ")[2] for kind in about.get_all("Classifier", []) if kind.startswith("License ::")]
    named = [kind for kind in kinds if kind != "OSI Approved"]
    return str(([*about.get_all("License-Expression", []), *named, *about.get_all("License", [])] or [""])[0])


@pytest.mark.parametrize("package", sorted(PINNED))
def test_a_locked_package_is_what_is_tested_and_may_be_shipped_beside(package):
    said = licence(metadata(package))

    assert version(package) == PINNED[package]
    assert set(re.split(r"\s+(?:AND|OR)\s+|[()]\s*", said)) - {""} <= ALLOWED or said in ALLOWED, said


def test_every_locked_package_has_hashes():
    blocks = re.split(r"^(?=[\w.-]+==)", LOCK.read_text(), flags=re.MULTILINE)[1:]

    assert len(blocks) == len(PINNED) > 100
    assert [block.split()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block)] == []


def test_the_bill_of_materials_is_valid_repeatable_and_complete(tmp_path):
    pytest.importorskip("cyclonedx_py")
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(LOCK)]
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--validate", "-o"]
    for name in ("one", "two"):
        subprocess.run([*command, *options, str(tmp_path / name)], check=True, capture_output=True)

    written = (tmp_path / "one").read_bytes()
    bill = json.loads(written)

    assert written == (tmp_path / "two").read_bytes()
    assert bill["bomFormat"] == "CycloneDX"
    assert {part["name"]: part["version"] for part in bill["components"]} == PINNED


def test_every_exception_from_the_security_rules_has_a_reason():
    bare = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("flows", "tasks", "deployments")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"# noqa: [A-Z0-9, ]*\bS\d+", line) and not re.search(r"# noqa: [A-Z0-9, ]*\bS\d+  \S", line)
    ]

    assert bare == []
