"""Weights are found, whole, and told apart."""

from __future__ import annotations

import shutil

import pytest

from tasks.domain.errors import SettingsError
from tasks.engines.qwen import weights


def test_a_folder_that_lacks_a_part_is_refused_by_its_name(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint("edit"), tmp_path / "copy")
    shutil.rmtree(folder / "vae")
    with pytest.raises(SettingsError, match="vae not found"):
        weights.folder_of(str(folder), "main")


def test_neither_folder_nor_repository_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SettingsError, match="EDIT_FLOWS_QWEN_WEIGHTS"):
        weights.folder_of("nobody/nothing", "main")
    with pytest.raises(SettingsError, match="cannot fetch"):
        weights.file_of("nobody/nothing", "x.safetensors")


def test_a_fingerprint_stays_the_same_for_a_copy_and_changes_with_one_byte(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint("edit"), tmp_path / "copy")
    assert weights.fingerprint([folder]) == weights.fingerprint([checkpoint("edit")])
    file = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    assert weights.fingerprint([folder]) != weights.fingerprint([checkpoint("edit")])


def test_of_a_large_file_both_ends_count(tmp_path):
    file = tmp_path / "large"
    file.write_bytes(bytes(3 * weights.SAMPLED))
    zeros = weights.fingerprint([file])
    file.write_bytes(bytes(3 * weights.SAMPLED - 1) + b"\x01")
    assert weights.fingerprint([file]) != zeros
