"""The Dockerfile: no lint, nothing unpinned, nothing in the image that does not belong there."""

from __future__ import annotations

import re
import subprocess

from tests.deployments.composed import BIN, DEPLOYMENTS, ROOT

DOCKERFILE = (DEPLOYMENTS / "Dockerfile").read_text(encoding="utf-8")


def stages() -> dict[str, str]:
    """What each stage is made from, by its name."""
    return {name: base for base, name in re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)}


def test_hadolint_has_nothing_to_say():
    done = subprocess.run([BIN / "hadolint", DEPLOYMENTS / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_both_targets_run_as_nobody_in_particular_and_the_default_is_the_small_one():
    made = stages()
    assert (made["cpu"], made["cuda"]) == ("base", "base")
    assert list(made)[-1] == "cpu"
    assert "\nUSER 10001:10001\n" in DOCKERFILE.split("AS base")[1].split("\nFROM ")[0]


def test_the_base_image_is_pinned_to_a_patch_release():
    assert re.search(r"^ARG PYTHON=python:3\.11\.\d+-slim-bookworm$", DOCKERFILE, re.MULTILINE)
    assert {base for base in stages().values() if base not in stages()} == {"${PYTHON}"}


def test_every_python_package_comes_from_the_lock():
    installs = re.findall(r"pip install (.*(?:\\\n.*)*)", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in said or "--constraint /requirements/pins.txt" in said for said in installs)


def test_what_single_roles_need_besides_is_in_the_lock():
    """The line of the Dockerfile that makes pins of the lock is run on the lock."""
    script = re.search(r"sed -n '(.*)' /requirements/dev.txt", DOCKERFILE)
    assert script
    command = ["sed", "-n", script[1], ROOT / "requirements" / "dev.txt"]
    pins = dict(line.split("==") for line in subprocess.check_output(command, text=True).split())
    wanted = {"prefect-redis", "prefect-docker", "prefect-kubernetes", "python-multipart", "prometheus-client"}
    wanted |= {"psutil", "limits", "standardwebhooks", "statsmodels", "pyarrow", "matplotlib"}
    assert wanted <= set(re.findall(r"[\w-]+", DOCKERFILE))
    assert wanted | {"nvidia-ml-py", "diffusers", "transformers", "accelerate"} <= set(pins)
    assert not {line for line in pins if not re.fullmatch(r"[a-z0-9.-]+", line)}


def test_the_build_is_shown_what_it_copies_and_nothing_else():
    shown = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE)
    assert sorted(line[1:] for line in shown) == sorted(copied)
    assert all((ROOT / path).exists() for path in copied)


def test_neither_secret_nor_weight_is_named():
    assert not re.search(r"(?i)token|password|secret_|api_key|safetensors|huggingface\.co", DOCKERFILE)
