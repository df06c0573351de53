"""The engine on a tiny checkpoint of the real classes: what it promises, and what it refuses."""

from __future__ import annotations

import gc
import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops

from tasks.domain.errors import (
    DeviceLostError,
    DeviceMemoryError,
    EditCancelled,
    ImageError,
    ParameterError,
    SettingsError,
)
from tasks.domain.models import EditType
from tasks.engines.registry import ENGINES
from tests.tasks.engines.qwen.pictures import AREA, engine, picture, plan, unheard


@pytest.fixture(scope="module")
def editor(checkpoint):
    return engine(checkpoint("plus-2511"), "plus-2511")


def pixels(edited):
    return edited.image.tobytes()


def test_the_same_plan_gives_the_same_pixels_and_another_seed_others(editor):
    first, again = (editor.edit(picture(), plan(), None, unheard) for _ in range(2))
    other = editor.edit(picture(), plan(seed=8), None, unheard)
    assert pixels(first) == pixels(again) != pixels(other)


@pytest.mark.parametrize(
    "changes", [{"prompt": "make it blue"}, {"cfg_scale": 1.0}, {"negative_prompt": "blurred"}, {"steps": 5}]
)
def test_everything_a_plan_says_makes_a_difference(editor, changes):
    assert pixels(editor.edit(picture(), plan(), None, unheard)) != pixels(
        editor.edit(picture(), plan(**changes), None, unheard)
    )


def test_reference_pictures_make_a_difference_and_too_many_are_refused(editor):
    alone = editor.edit(picture(), plan(), None, unheard)
    beside = editor.edit(picture(), plan(), None, unheard, [picture(2, (64, 200))])
    assert pixels(alone) != pixels(beside)
    assert beside.image.size == alone.image.size
    with pytest.raises(ParameterError, match="can be shown 2"):
        editor.edit(picture(), plan(), None, unheard, [picture(2)] * 3)


@pytest.mark.parametrize("size", [(128, 128), (300, 200), (31, 90), (1, 1), (900, 40), (640, 480)])
def test_the_answer_has_the_shape_of_the_source(editor, size):
    answer = editor.edit(picture(1, size), plan(steps=1), None, unheard).image
    assert answer.width % 32 == answer.height % 32 == 0
    assert abs(np.log(answer.width / answer.height) - np.log(size[0] / size[1])) < 0.35 or min(answer.size) == 32
    assert answer.width * answer.height < 2.5 * AREA


def test_what_a_mask_keeps_stays_nearer_to_the_source_than_what_it_frees(editor):
    source = picture()
    mask = Image.new("L", source.size, 0)
    mask.paste(255, (64, 0, 128, 128))
    free, masked = (editor.edit(source, plan(), stencil, unheard).image for stencil in (None, mask))
    whole = editor.edit(source, plan(), Image.new("L", source.size, 255), unheard).image
    assert whole.tobytes() == free.tobytes()
    left = (0, 0, 56, 128)
    nothing = editor.edit(source, plan(seed=99), mask, unheard).image
    assert masked.crop(left).tobytes() != free.crop(left).tobytes()
    # outside the mask the seed hardly matters, inside it does
    outside, inside = (
        np.asarray(ImageChops.difference(masked.crop(box), nothing.crop(box))).mean()
        for box in (left, (72, 0, 128, 128))
    )
    assert outside < inside / 2  # not 0: the decoder looks beyond the edge, and random weights look far


def test_progress_is_told_before_the_first_step_and_after_every_one(editor):
    told = []
    editor.edit(picture(), plan(steps=4), None, lambda done, total: told.append((done, total)))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_edit_is_stopped_between_two_steps_and_the_next_one_is_as_ever(editor):
    before = pixels(editor.edit(picture(), plan(), None, unheard))

    def stop(done, _total):
        if done == 2:
            raise EditCancelled("enough")

    with pytest.raises(EditCancelled, match="enough"):
        editor.edit(picture(), plan(), None, stop)
    assert pixels(editor.edit(picture(), plan(), None, unheard)) == before


def test_requests_at_the_same_time_get_what_they_would_get_alone(editor):
    alone = [pixels(editor.edit(picture(seed), plan(seed=seed), None, unheard)) for seed in range(8)]
    start = threading.Barrier(4)

    def one(seed):
        if seed < 4:
            start.wait()
        return pixels(editor.edit(picture(seed), plan(seed=seed), None, unheard))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == alone


def test_memory_does_not_grow_over_fifty_edits(editor):
    def edit_some(count):
        for seed in range(count):
            editor.edit(picture(seed, (96 + 32 * (seed % 3), 128)), plan(steps=1, seed=seed), None, unheard)
        gc.collect()
        return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())

    tensors, peak = edit_some(6), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert edit_some(50) <= tensors
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 50_000  # KiB


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"steps": 0}, "steps is 0"), ({"negative_prompt": ""}, "away from a negative prompt")],
)
def test_a_plan_outside_what_the_model_takes_is_refused_before_the_device_works(editor, changes, message, monkeypatch):
    monkeypatch.setattr(editor._loaded.pipeline, "text_encoder", None)
    with pytest.raises(ParameterError, match=message):
        editor.edit(picture(), plan(**changes), None, unheard)


def test_transparency_is_laid_on_white(editor):
    clear = picture(1, mode="RGBA")
    on_white = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    assert pixels(editor.edit(clear, plan(), None, unheard)) == pixels(editor.edit(on_white, plan(), None, unheard))


@pytest.mark.parametrize(
    ("fault", "named", "remedy"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), DeviceMemoryError, "EDIT_FLOWS_QWEN_AREA"),
        (torch.AcceleratorError("device-side assert"), DeviceLostError, "process anew"),
    ],
)
def test_what_the_device_says_is_told_with_a_remedy_and_the_engine_stays_usable(
    checkpoint, fault, named, remedy, monkeypatch
):
    editor = engine(checkpoint("edit"), "edit")
    stock = editor._loaded.pipeline.transformer.forward

    def fail(*_arguments, **_named):
        raise fault

    monkeypatch.setattr(editor._loaded.pipeline.transformer, "forward", fail)
    with pytest.raises(named, match=remedy):
        editor.edit(picture(), plan(), None, unheard)
    monkeypatch.setattr(editor._loaded.pipeline.transformer, "forward", stock)
    assert editor.edit(picture(), plan(), None, unheard).image.size == (128, 128)


def test_its_identity_tells_weights_and_everything_else_that_changes_pixels_apart(checkpoint):
    base = engine(checkpoint("edit"), "edit").identity
    assert base.name == "qwen"
    assert base.model == "qwen-image-edit"
    assert not base.stand_in
    assert "transformers" in base.revision
    others = [
        engine(checkpoint("edit"), "edit", torch.bfloat16).identity,
        engine(checkpoint("edit"), "edit", area=96 * 96).identity,
        engine(checkpoint("plus"), "plus").identity,
    ]
    assert base not in others
    assert engine(checkpoint("edit"), "edit").identity == base


def test_traits_tell_the_models_own_recipes_size_and_number_of_pictures(editor, checkpoint):
    assert editor.traits.works_at == AREA
    assert editor.traits.references == 2
    assert editor.traits.recipes[EditType.TEXT].steps == 40
    original = engine(checkpoint("edit"), "edit").traits
    assert original.references == 0
    assert original.recipes[EditType.TEXT].steps == 75
    assert original.recipes[EditType.SEMANTIC].cfg_scale == 3.5


def test_weights_of_another_family_are_refused(checkpoint):
    with pytest.raises(SettingsError, match="holds a QwenImageEditPipeline"):
        engine(checkpoint("edit"), "plus")


def test_the_registry_makes_it_from_the_environment(checkpoint, monkeypatch):
    from tasks.engines.qwen.engine import from_environment

    monkeypatch.setenv("EDIT_FLOWS_QWEN_MODEL", "Qwen/Qwen-Image-Edit-2511")
    monkeypatch.setenv("EDIT_FLOWS_QWEN_WEIGHTS", str(checkpoint("plus-2511")))
    monkeypatch.setenv("EDIT_FLOWS_QWEN_AREA", str(AREA))
    made = from_environment()
    assert made.identity.model == "qwen-image-edit-2511"
    assert made.vision is None  # random weights do not tell colours apart
    assert ENGINES["qwen"].path == f"{from_environment.__module__}:{from_environment.__name__}"


def test_warming_up_goes_through_a_step_with_guidance(checkpoint):
    editor = engine(checkpoint("edit"), "edit")
    transformer = editor._loaded.pipeline.transformer
    calls = []
    transformer.register_forward_pre_hook(lambda *_: calls.append(1))
    editor.warm_up()
    assert len(calls) == 2


def test_every_weight_is_loaded_in_sixteen_bits_and_nothing_is_left_to_train(checkpoint):
    pipeline = engine(checkpoint("plus-2511"), "plus-2511", torch.bfloat16)._loaded.pipeline
    for model in (pipeline.transformer, pipeline.text_encoder, pipeline.vae):
        assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
        assert not model.training


@pytest.mark.parametrize("strip", [(2, 8000), (8000, 2)])
def test_a_strip_is_refused_as_a_picture_and_harms_nobody(editor, strip):
    with pytest.raises(ImageError, match="longer than broad"):
        editor.edit(picture(), plan(), None, unheard, [Image.new("RGB", strip)])
    with pytest.raises(ImageError, match="longer than broad"):
        editor.vision.probabilities([Image.new("RGB", strip)], "A or B?", "AB")
    assert editor.edit(picture(), plan(), None, unheard).image.size == (128, 128)


def test_a_slender_picture_costs_no_more_than_another(editor):
    answer = editor.edit(picture(1, (20, 2000)), plan(steps=1), None, unheard).image
    assert answer.width * answer.height <= 1.2 * AREA


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (torch.OutOfMemoryError("full"), DeviceMemoryError),
        (torch.AcceleratorError("device-side assert"), DeviceLostError),
        (RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED"), DeviceLostError),
    ],
)
def test_faults_of_the_device_are_named_in_questions_as_in_edits(checkpoint, fault, named):
    editor = engine(checkpoint("edit"), "edit")

    def fail(*_arguments, **_named):
        raise fault

    editor._loaded.pipeline.text_encoder.register_forward_pre_hook(fail)
    assert editor.vision is not None
    with pytest.raises(named):
        editor.vision.probabilities([], "A or B?", "AB")
    with pytest.raises(named):
        editor.vision.answer([], "A or B?", max_tokens=1, seconds=5)


def test_a_misspelt_setting_is_refused_by_name(monkeypatch):
    from tasks.engines.qwen.engine import from_environment

    monkeypatch.setenv("EDIT_FLOWS_QWEN_WEIGHT", "/models/mine")
    with pytest.raises(SettingsError, match=r"no setting is called EDIT_FLOWS_QWEN_WEIGHT;"):
        from_environment()
