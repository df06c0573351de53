"""A vision-language model over HTTP keeps the contract of one at hand."""

from __future__ import annotations

import base64
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from tasks.domain.errors import EngineError
from tests.tasks.engines.endpoint.scripted import Line, refusing, saying


def choice(**fields: object) -> Line:
    return saying(200, json.dumps({"choices": [fields]}).encode())


def scored(**weights: float) -> Line:
    entries = [{"token": token, "logprob": math.log(weight)} for token, weight in weights.items()]
    return choice(message={"content": "A"}, logprobs={"content": [{"token": "A", "top_logprobs": entries}]})


def test_labels_are_scored_in_one_request_that_shows_the_pictures_in_order(server, engine_for, picture):
    server.script = [scored(A=0.3, B=0.1, C=0.2)]
    vision = engine_for().vision
    other = Image.new("RGB", (8, 8), "red")
    found = vision.probabilities([picture, other], "Which?", ["A", "B"])
    assert found == pytest.approx({"A": 0.75, "B": 0.25})
    asked = server.posted[0]
    assert asked.path == "/v1/chat/completions"
    told = json.loads(asked.body)
    assert (told["guided_choice"], told["logprobs"], told["top_logprobs"]) == (["A", "B"], True, 2)
    *shown, question = told["messages"][0]["content"]
    assert question == {"type": "text", "text": "Which?"}
    seen = [Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].partition(",")[2]))) for part in shown]
    assert [one.size for one in seen] == [picture.size, other.size]
    assert (np.asarray(seen[0]) == np.asarray(picture)).all()


def test_an_answer_in_words_is_bounded_in_length_and_time(server, engine_for, picture):
    server.script = [choice(message={"content": "나무를 지워줘"})]
    assert engine_for().vision.answer([picture], "다시 써줘", max_tokens=50, seconds=9) == "나무를 지워줘"
    told = json.loads(server.posted[0].body)
    assert (told["max_tokens"], told["timeout"]) == (50, 9)


@pytest.mark.parametrize(
    "line",
    [
        refusing(404, "model_not_found"),
        refusing(400, "invalid_value"),
        saying(200, b"nothing"),
        saying(200, b'{"choices": []}'),
        choice(message={"content": "A"}),
        scored(A=1.0),
    ],
)
def test_whatever_goes_wrong_is_an_error_of_the_engine(server, engine_for, picture, line):
    server.script = [line]
    with pytest.raises(EngineError):
        engine_for().vision.probabilities([picture], "Which?", ["A", "B"])


def test_a_busy_server_is_waited_for_and_then_an_error_of_the_engine(server, engine_for, picture):
    server.script = [refusing(429, "queue_full", Retry_After="1"), choice(message={"content": "yes"})]
    assert engine_for().vision.answer([picture], "?", max_tokens=5, seconds=9) == "yes"
    server.script = [refusing(429, "queue_full", Retry_After="30")]
    with pytest.raises(EngineError, match="could not be asked"):
        engine_for().vision.answer([picture], "?", max_tokens=5, seconds=9)
