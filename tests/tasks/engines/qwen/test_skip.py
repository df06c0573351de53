"""Steps that change little may be skipped: nearly the same picture, another identity, and never by accident."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.domain.errors import SettingsError
from tests.tasks.engines.qwen.pictures import engine, picture, plan, unheard

SKIP = 0.3


def made(checkpoint, **settings):
    return engine(checkpoint("plus-2511"), "plus-2511", torch.bfloat16, **settings)


def pixels(editor, **changes):
    return np.asarray(editor.edit(picture(), plan(steps=12, **changes), None, unheard).image, dtype=float)


def runs_of_the_second_block(editor):
    runs = []
    editor._loaded.pipeline.transformer.transformer_blocks[1].attn.register_forward_hook(lambda *_: runs.append(1))
    pixels(editor)
    return len(runs)


def test_steps_are_skipped_and_the_picture_is_nearly_the_same(checkpoint):
    whole, skipping = made(checkpoint), made(checkpoint, skip=SKIP)
    difference = np.abs(pixels(whole) - pixels(skipping)).mean()
    assert 0 < difference < 2  # of 255
    assert 2 <= runs_of_the_second_block(skipping) < runs_of_the_second_block(whole) == 24


def test_an_edit_does_not_depend_on_the_one_before(checkpoint):
    skipping = made(checkpoint, skip=SKIP)
    first = pixels(skipping)
    pixels(skipping, seed=9, cfg_scale=1.0)
    assert np.array_equal(pixels(skipping), first)


@pytest.mark.parametrize("ways", ["blocks", "blocks,tables"])
def test_shorter_ways_skip_the_same_steps(checkpoint, ways):
    plain, fast = made(checkpoint, skip=SKIP), made(checkpoint, skip=SKIP, fast=ways)
    assert np.array_equal(pixels(plain), pixels(fast))


def test_skipping_is_part_of_the_identity_and_cannot_be_compiled(checkpoint):
    assert "skip 0.3" in made(checkpoint, skip=SKIP).identity.revision
    assert "skip" not in made(checkpoint).identity.revision
    with pytest.raises(SettingsError, match=r"EDIT_FLOWS_QWEN_SKIP=0\.3"):
        made(checkpoint, skip=SKIP, compiled=True)
