"""The language model inside the pipeline answers questions as it would by itself."""

from __future__ import annotations

import pytest
import torch

from tasks.domain.errors import EngineError, ParameterError
from tasks.engines.qwen import prompts, vision
from tests.tasks.engines.qwen.pictures import engine, picture, plan, unheard


@pytest.fixture(scope="module")
def editor(checkpoint):
    return engine(checkpoint("plus"), "plus")


def test_labels_are_scored_as_by_the_whole_model(editor):
    shown = [picture(1), picture(2)]
    found = editor.vision.probabilities(shown, "Which is better, A, B or C?", "ABC")
    pipeline = editor._loaded.pipeline
    text = vision.CHAT.replace(
        "{}", f"Picture 1: {prompts.PICTURE}Picture 2: {prompts.PICTURE}Which is better, A, B or C?"
    )
    inputs = prompts.tokenize(pipeline, text, shown)
    with torch.no_grad():
        logits = pipeline.text_encoder(**inputs).logits[0, -1]
    expected = torch.softmax(logits[[pipeline.tokenizer.convert_tokens_to_ids(letter) for letter in "ABC"]], 0)
    assert list(found.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert sum(found.values()) == pytest.approx(1)


def test_labels_of_several_tokens_are_refused(editor):
    with pytest.raises(ParameterError, match="distinct single tokens"):
        editor.vision.probabilities([picture()], "Which?", ["semantic edit", "text edit"])


def test_an_answer_is_the_same_each_time_and_no_longer_than_allowed(editor):
    first, again = (editor.vision.answer([picture()], "What is it?", max_tokens=6, seconds=30) for _ in range(2))
    assert first == again
    assert len(editor.vision.answer([], "말해 봐", max_tokens=1, seconds=30)) <= len("assistant")


def test_an_answer_that_takes_too_long_is_given_up(editor):
    with pytest.raises(EngineError, match="not done after"):
        editor.vision.answer([picture()], "What is it?", max_tokens=200, seconds=0)


def test_questions_between_edits_change_no_edit(editor):
    before = editor.edit(picture(), plan(), None, unheard).image.tobytes()
    editor.vision.answer([picture(2), picture(3)], "What is it?", max_tokens=3, seconds=30)
    editor.vision.probabilities([], "A or B?", "AB")
    assert editor.edit(picture(), plan(), None, unheard).image.tobytes() == before


class Sighted:
    """Tells the canary's colours apart, except those it is blind to."""

    def __init__(self, blind=()):
        self.blind = blind

    def probabilities(self, pictures, question, labels):
        pixel = pictures[0].getpixel((0, 0))
        name = next(name for name, colour in vision.CANARY.items() if colour == pixel)
        right = "A" if name in self.blind else question.split(f": {name}")[0][-1]
        return {label: 0.9 if label == right else 0.05 for label in labels}

    def answer(self, pictures, question, *, max_tokens, seconds):
        raise NotImplementedError


def test_a_model_that_tells_colours_apart_is_trusted_and_one_that_does_not_is_not(editor):
    assert vision.sees(Sighted())
    assert not vision.sees(Sighted(blind=("blue",)))
    assert not vision.sees(editor.vision)  # random weights


@pytest.mark.parametrize(("wanted", "there"), [("on", True), ("off", False), ("auto", False)])
def test_the_settings_decide_before_the_canary(checkpoint, wanted, there):
    assert (engine(checkpoint("edit"), "edit", vision=wanted).vision is not None) is there
