"""What a model believes is told apart from the labels it likes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PIL import Image

from tasks.engines.assistant.asking import SHOWN_AT, belief, reduced, rotations
from tests.tasks.engines.assistant.scripted import PICTURE, ScriptedVision

BELIEVED = {"red": 0.5, "green": 0.3, "blue": 0.2}


def asked(vision: ScriptedVision) -> tuple[float, ...]:
    def question(labels: Sequence[str]) -> str:
        return "\n".join(f"{label}: {meaning}" for label, meaning in zip(labels, BELIEVED, strict=True))

    return belief(vision, [PICTURE], question, rotations("ABC"))


def test_a_liking_for_letters_cancels_exactly():
    plain = ScriptedVision(lambda _, meaning: BELIEVED[meaning])
    biased = ScriptedVision(lambda _, meaning: BELIEVED[meaning], liking={"A": 20.0, "B": 0.1})
    assert asked(plain) == pytest.approx(tuple(BELIEVED.values()))
    assert asked(biased) == pytest.approx(tuple(BELIEVED.values()))


def test_each_answer_carries_each_label_once():
    assert {frozenset(column) for column in zip(*rotations("ABCD"), strict=True)} == {frozenset("ABCD")}


def test_one_labelling_cannot_rule_an_answer_out():
    blind = ScriptedVision(lambda _, meaning: BELIEVED[meaning], liking={"A": 0.0})
    assert min(asked(blind)) > 0.01


def test_a_large_picture_is_shown_smaller_in_its_own_aspect_and_a_small_one_as_it_is():
    large = reduced(Image.new("RGB", (4000, 1000)))
    assert large.width * large.height <= SHOWN_AT
    assert large.width / large.height == pytest.approx(4, rel=0.01)
    assert reduced(PICTURE).size == PICTURE.size


def test_what_is_transparent_is_shown_white():
    assert reduced(Image.new("RGBA", (8, 8), (0, 0, 0, 0))).getpixel((4, 4)) == (255, 255, 255)
