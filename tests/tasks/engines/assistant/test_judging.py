"""A score is what the model expects, not the digit it likes to say."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from PIL import Image

from tasks.engines.assistant.asking import SHOWN_AT
from tasks.engines.assistant.judging import CONSISTENT, judge
from tests.tasks.engines.assistant.scripted import PICTURE, ScriptedVision


def scoring(
    followed: int, consistent: int, spread: float = 0.2, liking: Mapping[str, float] | None = None
) -> ScriptedVision:
    """A model that believes in one score for each question, and in others the less the further away they are."""

    def weigh(question: str, meaning: str) -> float:
        believed = consistent if CONSISTENT in question else followed
        return spread ** abs(int(meaning) - believed)

    return ScriptedVision(weigh, liking)


def test_both_scores_are_the_ones_believed_in():
    found = judge(scoring(7, 2), PICTURE, PICTURE, "make it blue")
    assert found.followed == pytest.approx(7, abs=0.1)
    assert found.consistent == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("growth", [0.8, 1.25])
def test_a_liking_for_low_or_for_high_digits_cancels_exactly(growth):
    plain = judge(scoring(7, 2, spread=0.5), PICTURE, PICTURE, "make it blue")
    liking = {str(digit): growth**digit for digit in range(10)}
    biased = judge(scoring(7, 2, spread=0.5, liking=liking), PICTURE, PICTURE, "make it blue")
    assert tuple(biased) == pytest.approx(tuple(plain))


def test_a_liking_for_one_digit_says_no_more_than_a_liking_for_its_mirror_image():
    low, high = (judge(scoring(4, 5, liking={digit: 9.0}), PICTURE, PICTURE, "make it blue") for digit in "27")
    assert tuple(low) == pytest.approx(tuple(high))


def test_both_pictures_are_shown_in_order_and_large_ones_smaller():
    vision = scoring(5, 5)
    judge(vision, Image.new("RGB", (3000, 2000), "red"), Image.new("RGB", (3000, 2000), "blue"), "make it blue")
    assert len(vision.questions) == 4
    for source, candidate in vision.shown:
        assert (source.getpixel((0, 0)), candidate.getpixel((0, 0))) == ((255, 0, 0), (0, 0, 255))
        assert source.width * source.height <= SHOWN_AT
