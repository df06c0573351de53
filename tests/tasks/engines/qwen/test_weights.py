"""Weights are found, whole, and told apart."""

from __future__ import annotations

import shutil

import pytest
from safetensors.torch import load_file, save_file

from tasks.domain.errors import LicenceError, SettingsError
from tasks.domain.licences import APACHE
from tasks.engines.qwen import weights
from tasks.engines.qwen.engine import QwenEngine
from tasks.engines.qwen.settings import QwenSettings
from tests.tasks.engines.qwen.pictures import engine


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


@pytest.mark.parametrize("given", ["weights", "lora"])
def test_other_weights_for_research_only_are_refused_before_they_are_fetched(given):
    named = {"model": "qwen-image-edit-2511-lightning-4", given: "Qwen/Qwen-Image-2.1"}
    with pytest.raises(LicenceError, match=r"Qwen/Qwen-Image-2\.1 \(Qwen Research"):
        QwenEngine(QwenSettings.model_validate(named))


def test_a_folder_of_a_catalogue_model_has_the_models_licence(checkpoint):
    assert engine(checkpoint("edit"), "edit").traits.licence == APACHE


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


def test_what_is_no_weight_makes_no_difference_to_the_fingerprint(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint("edit"), tmp_path / "copy")
    (folder / "README.md").write_text("about these weights")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "download.metadata").write_text("1795552361")
    assert weights.fingerprint([folder]) == weights.fingerprint([checkpoint("edit")])


def cut(path):
    path.write_bytes(path.read_bytes()[:-5000])


def without(path, layer):
    left = {name: tensor for name, tensor in load_file(path).items() if layer not in name}
    assert len(left) < len(load_file(path))
    save_file(left, path)


ENCODER, TRANSFORMER = "text_encoder/model.safetensors", "transformer/diffusion_pytorch_model.safetensors"


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / TRANSFORMER).unlink(),
        lambda folder: cut(folder / TRANSFORMER),
        lambda folder: without(folder / TRANSFORMER, "transformer_blocks.1."),
        lambda folder: without(folder / ENCODER, "layers.1."),
        lambda folder: (folder / "model_index.json").write_text("{}"),
        lambda folder: (folder / "model_index.json").write_text("broken"),
        lambda folder: [file.unlink() for file in (folder / "processor").iterdir()],
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_that_is_not_whole_is_refused_naming_its_folder(checkpoint, tmp_path, harm):
    folder = shutil.copytree(checkpoint("edit"), tmp_path / "copy")
    harm(folder)
    with pytest.raises(SettingsError, match=r"copy"):
        engine(folder, "edit")


@pytest.mark.parametrize("name", ["gpu", "meta", "mps", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(checkpoint, name):
    with pytest.raises(SettingsError, match="give cpu"):
        engine(checkpoint("edit"), "edit", device=name)


def test_a_place_that_is_not_there_is_told_as_one():
    for place in ("/no/such/folder", "~/nowhere", "./nowhere"):
        with pytest.raises(SettingsError, match="there is no folder"):
            weights.folder_of(place, "main")
