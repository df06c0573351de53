"""The arrows between rooms, and what importing the main flow may cost."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "diffusers", "transformers", "rapidocr", "onnxruntime", "tesserocr", "s3fs", "botocore", "pandas")


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_layers_and_purity_hold():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_importing_the_main_flow_loads_no_weights_no_reader_no_bucket_client_and_no_prefect_server():
    loaded = modules_after("import flows.edit")
    assert not loaded & set(HEAVY)
    assert "prefect.server.api.server" not in loaded


@pytest.mark.parametrize("command", [["classify", "--help"], ["classify", "make it red"]])
def test_commands_that_run_no_flow_do_not_import_prefect(command):
    loaded = modules_after(
        f"import flows.__main__ as cli\ntry:\n    cli.main({command!r})\nexcept SystemExit:\n    pass"
    )
    assert not {name for name in loaded if name == "prefect" or name.startswith("prefect.")}
