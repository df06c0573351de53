"""Drafts: low-rank changes that are switched on for an edit give what PEFT's give, and leave nothing behind."""

from __future__ import annotations

import math
import shutil
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch._dynamo.testing import CompileCounter

from tasks.domain.errors import EditCancelled, EngineError, ParameterError, SettingsError
from tasks.engines.qwen.adapters import Adapted
from tasks.engines.qwen.catalogue import CATALOGUE
from tasks.engines.qwen.diffusion import Conditions, Sampling, denoise
from tests.tasks.engines.conftest import reached
from tests.tasks.engines.qwen.pictures import MODELS, engine, picture, plan, unheard
from tests.tasks.engines.qwen.test_diffusion import embeddings, stock
from tests.tasks.engines.qwen.test_fast import load
from tests.tasks.engines.qwen.test_lora import KOHYA, change
from tests.tasks.engines.server.serving import serving

pytestmark = pytest.mark.usefixtures("stock_area")
EVERYWHERE = ("transformer_blocks", "time_text_embed", "img_in", "norm_out")
ALPHA = 6.0
"""Of rank 4: a scale of 1.5, no power of two."""
DRAFT: dict[str, Any] = {"cfg_scale": 1.0, "steps": 4, "adapter": "lightning-4"}
DRAFTED = Sampling(1.0, 4, 5, 3.0)
SHORT = Sampling(1.0, 2, 5, 3.0)


def ladder_of(kind):
    return f"{MODELS[kind]}-ladder"


@pytest.fixture(scope="module")
def loras(checkpoint, tmp_path_factory):
    """Folder with the files of every draft of a kind of checkpoint, no two the same."""
    made = {}

    def get(kind, places=EVERYWHERE):
        if (kind, places) not in made:
            made[kind, places] = tmp_path_factory.mktemp("loras")
            transformer = load(checkpoint, kind).pipeline.transformer
            for seed, draft in enumerate(CATALOGUE[ladder_of(kind)].drafts):
                file = made[kind, places] / draft.lora.file
                file.parent.mkdir(exist_ok=True)
                save_file(change(transformer, KOHYA, places, seed, ALPHA), file)
        return made[kind, places]

    return get


@pytest.fixture
def ladder(checkpoint, loras):
    """Loads a model with its drafts."""

    def get(kind, dtype=torch.bfloat16, places=EVERYWHERE, **settings):
        return load(checkpoint, kind, dtype, model=ladder_of(kind), lora=str(loras(kind, places)), **settings)

    return get


@pytest.fixture
def editor(checkpoint, loras):
    """Makes an engine with its drafts."""

    def get(kind="edit", **settings):
        return engine(checkpoint(kind), kind, model=ladder_of(kind), lora=str(loras(kind)), **settings)

    return get


def with_peft(loaded, folder, kind):
    """The same model with its drafts loaded by PEFT, none on."""
    transformer = loaded.pipeline.transformer
    for draft in CATALOGUE[ladder_of(kind)].drafts:
        parts = {
            f"transformer.{key.replace('lora_down', 'lora_A').replace('lora_up', 'lora_B')}": tensor
            for key, tensor in load_file(folder / draft.lora.file).items()
        }
        alphas = {key: parts.pop(key) for key in list(parts) if key.endswith("alpha")}
        transformer.load_lora_adapter(parts, adapter_name=draft.name, network_alphas=alphas)
    transformer.disable_lora()
    return transformer


def latents(loaded, words, sampling, adapter=""):
    shown = picture(1)
    given = Conditions(words[0], words[1] if sampling.guidance > 1 else None, [shown], [shown.size])
    with loaded.adapters.use(adapter):
        return denoise(loaded.pipeline, given, sampling, unheard, loaded.tables)


def pixels(made, **changes):
    return made.edit(picture(), plan(**changes), None, unheard).image.tobytes()


def apart(one, other):
    return float((one - other).float().norm() / other.float().norm())


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")  # PEFT of a second draft
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", ["edit", "plus-2511"])
def test_a_draft_is_that_of_the_stock_pipeline_with_peft_and_the_schedule_of_lightning(
    checkpoint, loras, ladder, kind, dtype
):
    ours, theirs = ladder(kind, dtype), load(checkpoint, kind, dtype).pipeline
    words = embeddings(theirs, dtype)
    whole = stock(theirs, picture(1), words, Sampling(4.0, 4, 5))
    transformer = with_peft(load(checkpoint, kind, dtype), loras(kind), kind)
    drafting = type(theirs)(**{**theirs.components, "transformer": transformer})
    drafting.set_progress_bar_config(disable=True)
    assert torch.equal(latents(ours, words, Sampling(4.0, 4, 5)), whole)
    assert torch.equal(stock(drafting, picture(1), words, Sampling(4.0, 4, 5)), whole)  # PEFT's are off
    transformer.enable_lora()
    drafting.scheduler = type(theirs.scheduler).from_config(
        theirs.scheduler.config, base_shift=math.log(3), max_shift=math.log(3), shift_terminal=None
    )
    for name in ours.adapters.names:
        transformer.set_adapters(name)
        expected = stock(drafting, picture(1), words, DRAFTED)
        assert torch.equal(latents(ours, words, DRAFTED, name), expected)
        assert apart(expected, whole) > 0.1
    assert torch.equal(latents(ours, words, Sampling(4.0, 4, 5)), whole)


def test_one_engine_drafts_and_refines_as_several_would(checkpoint, editor):
    one = editor()
    whole = pixels(engine(checkpoint("edit"), "edit"))
    other = {**DRAFT, "steps": 8, "adapter": "lightning-8"}
    drafts = [pixels(editor(), **changes) for changes in (DRAFT, other)]
    assert len({whole, *drafts}) == 3
    assert [pixels(one), pixels(one, **DRAFT), pixels(one), pixels(one, **DRAFT)] == [whole, drafts[0]] * 2
    assert [pixels(one, **other), pixels(one, **DRAFT), pixels(one)] == [drafts[1], drafts[0], whole]


@pytest.mark.parametrize("kind", ["edit", "plus-2511"])
@pytest.mark.parametrize("settings", [{"fast": "tables"}, {"memory": "tables"}, {"memory": "group"}])
def test_neither_tables_nor_where_the_weights_lie_make_a_difference(ladder, kind, settings):
    plain, other = ladder(kind), ladder(kind, **settings)
    words = embeddings(plain.pipeline, torch.bfloat16)
    for name in ("", *plain.adapters.names, ""):
        assert torch.equal(latents(other, words, SHORT, name), latents(plain, words, SHORT, name))


@pytest.mark.parametrize("kind", ["edit", "plus-2511"])
@pytest.mark.parametrize("places", [EVERYWHERE, ("transformer_blocks.0.attn.to_k", "transformer_blocks.1.attn.add_q")])
def test_joined_layers_take_the_changes_of_those_they_were_made_of(ladder, kind, places):
    plain, joined = (ladder(kind, torch.float32, places, fast=ways) for ways in ("", "blocks"))
    words = embeddings(plain.pipeline, torch.float32)
    for name in ("lightning-4", ""):
        one, other = (latents(loaded, words, SHORT, name) for loaded in (joined, plain))
        assert apart(one, other) < 1e-5
    assert torch.equal(one, other)


@pytest.mark.parametrize(("fast", "kind"), [("", "fp8"), ("blocks", "fp8"), ("blocks", "fp8-dynamic")])
def test_smaller_weights_take_changes_in_full_and_are_nearly_the_same(ladder, fast, kind):
    plain, small = ladder("edit", fast=fast), ladder("edit", fast=fast, quantise=kind)
    words = embeddings(plain.pipeline, torch.bfloat16)
    whole, draft = (latents(plain, words, SHORT, name) for name in ("", "lightning-4"))
    assert apart(latents(small, words, SHORT, "lightning-4"), draft) < apart(whole, draft) / 3
    attention = small.pipeline.transformer.transformer_blocks[0].attn
    layer = attention.to_qkv if fast else attention.to_q
    assert "Float8" in type(layer.weight).__name__
    assert {buffer.dtype for buffer in layer.buffers()} == {torch.bfloat16}


def test_steps_are_skipped_in_drafts_as_in_other_edits(editor):
    skipping, plain = editor(skip=0.3), editor()
    long = {**DRAFT, "steps": 12}
    first = pixels(skipping, **long)
    assert first != pixels(plain, **long)
    pixels(skipping)
    assert pixels(skipping, **long) == first


def test_every_way_and_a_mask_together_make_a_draft_that_is_nearly_the_same(editor):
    mask = Image.new("L", (128, 128), 0)
    mask.paste(255, (40, 20, 110, 70))
    made = [editor("plus", fast=ways).edit(picture(), plan(**DRAFT), mask, unheard).image for ways in ("", "all")]
    difference = [abs(a - b) for a, b in zip(*(image.tobytes() for image in made), strict=True)]
    assert sum(difference) / len(difference) < 2  # of 255


@pytest.mark.parametrize("fault", [EditCancelled("enough"), EngineError("broken")])
def test_after_an_edit_that_ended_early_nothing_is_on(editor, fault):
    made = editor()
    whole = pixels(made)

    def stop(done, _total):
        if done == 2:
            raise fault

    with pytest.raises(type(fault)):
        made.edit(picture(), plan(**DRAFT), None, stop)
    assert made._loaded.adapters.chosen == ""
    assert pixels(made) == whole


@pytest.mark.parametrize(
    ("model", "message"),
    [("qwen-image-edit-ladder", "give lightning-4, lightning-8"), ("qwen-image-edit", "give none")],
)
def test_an_adapter_that_is_not_there_is_refused_with_those_that_are(checkpoint, loras, model, message):
    made = engine(checkpoint("edit"), "edit", model=model, lora=str(loras("edit")) if "ladder" in model else "")
    with pytest.raises(ParameterError, match=f"{model} has no adapter 'lightning-2': {message}"):
        made.edit(picture(), plan(adapter="lightning-2"), None, unheard)


def test_traits_tell_the_drafts_and_everything_else_is_the_bases(editor, checkpoint):
    ladder, base = editor("plus-2511").traits, engine(checkpoint("plus-2511"), "plus-2511").traits
    assert [(draft.adapter, draft.steps, draft.cfg_scale) for draft in ladder.drafts] == [
        ("lightning-4", 4, 1),
        ("lightning-8", 8, 1),
    ]
    assert ladder.model_copy(update={"drafts": ()}) == base
    assert ladder.tunable


def test_warming_up_goes_through_a_step_of_every_draft(editor):
    made, on = editor(), []
    made._loaded.pipeline.transformer.register_forward_pre_hook(lambda *_: on.append(made._loaded.adapters.chosen))
    made.warm_up()
    assert on == ["", "", "lightning-4", "lightning-8"]


def test_the_file_of_every_draft_is_part_of_the_identity(checkpoint, editor, loras, tmp_path):
    first = editor().identity
    assert editor().identity == first
    told = {first.revision}
    shutil.copytree(loras("edit"), tmp_path, dirs_exist_ok=True)
    for draft in CATALOGUE[ladder_of("edit")].drafts:
        other = {name: tensor * 2 for name, tensor in load_file(tmp_path / draft.lora.file).items()}
        save_file(other, tmp_path / draft.lora.file)
        changed = engine(checkpoint("edit"), "edit", model=ladder_of("edit"), lora=str(tmp_path))
        told.add(changed.identity.revision)
    assert len(told) == 3


def test_one_file_will_do_for_one_draft_and_not_for_two(checkpoint, loras):
    file = str(loras("plus-2511") / CATALOGUE[ladder_of("plus-2511")].drafts[0].lora.file)
    loaded = load(checkpoint, "plus-2511", model="firered-image-edit-1.1-ladder", lora=file)
    assert loaded.adapters.names == ("lightning-8",)
    with pytest.raises(SettingsError, match="is one file, and qwen-image-edit-2511-ladder has 2"):
        load(checkpoint, "plus-2511", model=ladder_of("plus-2511"), lora=file)


def test_a_file_that_does_not_fit_is_refused_by_name(checkpoint, loras, tmp_path):
    for draft in CATALOGUE["qwen-image-edit-ladder"].drafts:
        tensors = load_file(loras("edit") / draft.lora.file)
        del tensors["img_in.alpha"], tensors["img_in.lora_up.weight"]
        save_file(tensors, tmp_path / draft.lora.file)
    with pytest.raises(SettingsError, match=r"Lightning-4steps.*'img_in' has only down"):
        load(checkpoint, "edit", model="qwen-image-edit-ladder", lora=str(tmp_path))


def test_four_bit_weights_take_no_drafts(checkpoint, loras):
    with pytest.raises(SettingsError, match="nf4 cannot take a LoRA"):
        load(checkpoint, "edit", model=ladder_of("edit"), lora=str(loras("edit")), quantise="nf4")


def test_what_drafts_need_on_the_card_is_counted(ladder):
    loaded = ladder("edit", places=("transformer_blocks.0.attn.to_k",))
    layer = loaded.pipeline.transformer.transformer_blocks[0].attn.to_k
    assert isinstance(layer, Adapted)
    assert loaded.adapters.bytes == 2 * 2 * 4 * (layer.in_features + layer.out_features)


@pytest.mark.parametrize("pinned", [True, False])
def test_for_a_card_the_layers_of_tables_are_pinned_where_they_stay(ladder, monkeypatch, pinned):
    loaded, pages = ladder("edit", fast="tables"), []

    def pin(tensor):
        pages.append(tensor)
        return tensor.clone()

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    loaded.tables.move_layers(torch.device("cuda" if pinned else "cpu"), resident=False)
    words = embeddings(loaded.pipeline, torch.bfloat16)
    expected = latents(ladder("edit"), words, SHORT, "lightning-4")
    assert torch.equal(latents(loaded, words, SHORT, "lightning-4"), expected)
    # weight, bias, and down and up of both drafts, of the picture's and of the text's modulation in three blocks
    assert len(pages) == pinned * 6 * 2 * 3


def test_a_time_that_could_not_be_made_is_made_the_next_time(ladder):
    loaded, plain = ladder("edit", fast="tables"), ladder("edit")
    words = embeddings(plain.pipeline, torch.bfloat16)
    full = loaded.tables._layers[1][0].register_forward_pre_hook(_no_room)
    with pytest.raises(torch.OutOfMemoryError):
        latents(loaded, words, SHORT, "lightning-4")
    full.remove()
    assert torch.equal(latents(loaded, words, SHORT, "lightning-4"), latents(plain, words, SHORT, "lightning-4"))


def _no_room(*_):
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_behind_a_server_drafts_are_told_and_made_as_without(editor):
    made = editor()
    with serving(lambda: made) as running, reached(f"{running.url}/v1") as remote:
        assert remote.traits.drafts == made.traits.drafts
        for changes in (DRAFT, {}):
            assert pixels(remote, **changes) == pixels(made, **changes)
        with pytest.raises(ParameterError, match="no adapter 'lightning-2': give lightning-4, lightning-8 or none"):
            pixels(remote, adapter="lightning-2")


def test_a_switch_compiles_nothing_anew(ladder):
    """A graph for the weights alone and one for each draft, in whatever order they come."""
    block = ladder("edit", torch.float32).pipeline.transformer.transformer_blocks[0].img_mlp
    layers, graphs = [layer for layer in block.modules() if isinstance(layer, Adapted)], CompileCounter()
    block.compile(fullgraph=True, dynamic=True, backend=graphs)
    states = torch.ones(1, 5, layers[0].in_features)
    for name in ("", "lightning-4", "lightning-8", "", "lightning-8", "lightning-4"):
        for layer in layers:
            layer.chosen = name
        block(states)
    assert graphs.frame_count == 3
