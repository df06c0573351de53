"""The catalogue: what is listed can be found, what may not be used is refused."""

from __future__ import annotations

import pytest
import torch

from tasks.domain.errors import SettingsError, UnknownEngine
from tasks.domain.licences import licence_of
from tasks.domain.models import EditType
from tasks.engines.qwen import memory, versions
from tasks.engines.qwen.catalogue import CATALOGUE, DEFAULT, Family, find
from tasks.engines.qwen.memory import GB, Memory, choose


def test_the_default_is_the_best_model_free_for_commerce():
    name, model = find(DEFAULT)
    assert (name, model.repo) == ("qwen-image-edit-2511", "Qwen/Qwen-Image-Edit-2511")
    assert model.licence.commercial_ok
    assert find("Qwen/Qwen-Image-Edit-2511") == (name, model)


def test_every_model_has_a_recipe_for_every_kind_of_edit_and_guidance_goes_with_a_negative_prompt():
    for model in CATALOGUE.values():
        assert set(model.recipes) == set(EditType)
        assert all(recipe.cfg_scale == 1 or recipe.negative_prompt for recipe in model.recipes.values())


def test_distilled_models_run_without_guidance_on_their_own_schedule_in_as_many_steps_as_their_name_says():
    distilled = {name: model for name, model in CATALOGUE.items() if model.distilled}
    assert len(distilled) == 7
    for name, model in distilled.items():
        assert {recipe.steps for recipe in model.recipes.values()} == {int(name[-1])}
        assert {recipe.cfg_scale for recipe in model.recipes.values()} == {1.0}
        assert model.shift == 3
        assert model.lora is not None
        assert f"{name[-1]}steps" in model.lora.file


def test_the_later_rungs_of_a_ladder_are_the_base_and_the_first_ones_its_distilled_models():
    ladders = {name: model for name, model in CATALOGUE.items() if model.drafts}
    assert len(ladders) == 4
    for name, model in ladders.items():
        base = name.removesuffix("-ladder")
        assert model.model_copy(update={"drafts": ()}) == CATALOGUE[base]
        assert not model.distilled
        assert model.shift_of("") is None
        steps = [draft.recipe.steps for draft in model.drafts]
        assert steps == sorted(steps)
        for draft in model.drafts:
            fused = CATALOGUE[f"{base}-{draft.name}"]
            assert draft.lora == fused.lora
            assert model.shift_of(draft.name) == fused.shift_of("") == 3
            assert draft.recipe == fused.recipes[EditType.TEXT].model_copy(update={"adapter": draft.name})
    assert [draft.name for draft in ladders["qwen-image-edit-2511-ladder"].drafts] == ["lightning-4", "lightning-8"]


def test_the_original_takes_one_picture_the_later_ones_three():
    assert CATALOGUE["qwen-image-edit"].family is Family.EDIT
    assert CATALOGUE["qwen-image-edit"].references == 0
    assert CATALOGUE["qwen-image-edit-2509"].references == 2


def test_an_unknown_model_is_refused_with_the_known_ones_and_the_way_to_use_own_weights():
    with pytest.raises(SettingsError, match=r"EDIT_FLOWS_QWEN_WEIGHTS.*qwen-image-edit-2511"):
        find("/models/mine")


def test_the_catalogue_and_the_table_of_licences_agree_on_every_repository():
    assert all(model.licence == licence_of(model.repo) for model in CATALOGUE.values())


def test_versions_that_were_not_compared_with_the_reference_are_refused_by_name():
    def installed(package):
        return {"torch": "2.13.0+cpu", "diffusers": "0.42.1", "transformers": "5.30.0"}[package]

    with pytest.raises(UnknownEngine, match=r"transformers 5\.30\.0 \(needs"):
        versions.ensure_vouched(installed)
    assert set(versions.ensure_vouched()) == {"torch", "diffusers", "transformers"}


@pytest.mark.parametrize(
    ("free", "mode"),
    [
        (79, Memory.RESIDENT),
        (50, Memory.TABLES),
        (47.9, Memory.OFFLOAD),
        (24, Memory.GROUP),
        (float("inf"), Memory.RESIDENT),
    ],
)
def test_the_fastest_layout_that_fits_is_chosen_and_a_wish_is_kept(free, mode):
    assert choose(Memory.AUTO, free * GB) is mode
    assert choose(Memory.GROUP, free * GB) is Memory.GROUP


def test_offloading_to_the_machine_it_runs_on_is_refused():
    with pytest.raises(SettingsError, match="needs a CUDA device"):
        memory.lay_out(None, Memory.OFFLOAD, torch.device("cpu"))
