"""The whole vocabulary, used as a caller uses it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tasks.domain.errors import EditCancelled, UnsupportedInstruction
from tasks.domain.instruction import EXAMPLES, Action
from tasks.domain.models import Contract, EditPlan, EditType
from tasks.engines.classical.engine import ClassicalEngine
from tasks.engines.protocol import Edited
from tests.drawing import SIZE, Item, changed, ground, poster

ENGINE = ClassicalEngine()
WORDS = {
    "Summer Sale": "flat", "여름 세일": "flat", "夏季促销": "flat", "SOLD OUT": "flat", "품절": "flat", "售罄": "flat",
}  # fmt: skip
"""What the examples of the vocabulary quote as standing in the picture."""


def edit(picture: Image.Image, prompt: str, mask: Image.Image | None = None, report=lambda *_: None) -> Edited:
    plan = EditPlan(
        contract=Contract(edit_type=EditType.HYBRID, checks=()),
        prompt=prompt,
        negative_prompt="",
        cfg_scale=4,
        steps=1,
        seed=7,
    )
    return ENGINE.edit(picture, plan, mask, report)


def scene() -> Image.Image:
    """A room with a red ball, a yellow box drawn around nothing, and something standing out in each corner."""
    picture = ground("slope")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((270, 180, 359, 269), fill=(214, 40, 40))
    draw.rectangle((420, 160, 520, 240), outline=(220, 20, 20), width=4)
    for corner in ((40, 40), (560, 40), (40, 350), (560, 350)):
        draw.rectangle((*corner, corner[0] + 40, corner[1] + 30), fill=(240, 220, 90))
    return picture


@pytest.mark.parametrize(
    ("action", "prompt"), [(action, prompt) for action, prompts in EXAMPLES.items() for prompt in prompts]
)
def test_every_documented_example_changes_a_fitting_picture(action, prompt):
    old = next((words for words in WORDS if words in prompt), None)
    picture = poster("slope", Item(old)) if old else scene()
    edited = edit(picture, prompt)
    assert (edited.image.size, edited.image.mode) == (picture.size, "RGB")
    assert changed(picture, edited.image).any()
    if action not in {Action.STYLE, Action.BRIGHTEN}:  # whose examples speak of the whole picture
        assert not changed(picture, edited.image).all()
    assert edited.notes


@pytest.mark.parametrize(
    "prompt",
    ["Make her smile", "Rotate the chair", "让猫坐下", "의자를 돌려줘", "Make it sepia and turn the cat into a dragon"],
)
def test_what_is_outside_the_vocabulary_is_refused_with_a_list_of_what_is_in_it(prompt):
    with pytest.raises(UnsupportedInstruction, match=r"does not understand.*replace text: .*add object: .*style: "):
        edit(scene(), prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "Darken it",
        "Make it sepia",
        "Blur the picture",
        "Add a red star",
        "Make the masked area blue",
        "Remove the ball",
    ],
)
def test_outside_the_mask_every_pixel_keeps_its_exact_value(prompt):
    picture = scene()
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rectangle((250, 160, 380, 290), fill=255)
    touched = changed(picture, edit(picture, prompt, mask).image)
    assert touched.any()
    assert not touched[np.asarray(mask) == 0].any()


def test_several_requests_are_all_carried_out():
    picture = poster("slope", Item("Summer Sale"))
    edited = edit(picture, "Replace 'Summer Sale' with 'Winter Sale' and add a heart at the bottom right")
    touched = changed(picture, edited.image)
    assert touched[:130, 50:400].any()
    assert touched[280:, 430:].any()


def test_transparency_is_kept():
    picture = scene()
    picture.putalpha(Image.linear_gradient("L").resize(SIZE))
    edited = edit(picture, "Make it sepia")
    assert edited.image.mode == "RGBA"
    assert edited.image.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


def test_progress_is_reported_from_nothing_to_all():
    seen: list[tuple[int, int]] = []
    edit(scene(), "Make it sepia and brighten the picture", report=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_a_cancelled_edit_ends_at_once_and_the_engine_stays_usable():
    def stop(done: int, _total: int) -> None:
        if done:
            raise EditCancelled("somebody pressed cancel")

    with pytest.raises(EditCancelled):
        edit(scene(), "Make it sepia and brighten the picture", report=stop)
    assert edit(scene(), "Make it sepia").image.size == SIZE


def test_the_same_plan_gives_the_same_pixels():
    first, second = (edit(scene(), "Add a modern painting on the wall").image for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_its_name_says_that_it_stands_in():
    assert ENGINE.identity.stand_in
    assert "stand-in" in ENGINE.identity.model
