import base64
import json
import math
from typing import Any

import openai
import pytest
from PIL import Image

from tests.tasks.engines.server.doubles import InvertingEngine, SeeingEngine
from tests.tasks.engines.server.serving import error_of, file_of, serving


@pytest.fixture(scope="module")
def server():
    with serving(SeeingEngine) as running:
        yield running


@pytest.fixture
def client(server):
    with server.openai() as made:
        yield made


def picture(colour: Any = "white", mode: str = "RGB", kind: str = "PNG") -> Any:
    data = base64.b64encode(file_of(Image.new(mode, (8, 6), colour), kind)).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind.lower()};base64,{data}"}}


def user(*parts: Any) -> Any:
    return {"role": "user", "content": list(parts)}


def text(words: str) -> Any:
    return {"type": "text", "text": words}


def test_labels_come_with_their_probabilities(client):
    answer = client.chat.completions.create(
        model="inverting",
        messages=[user(picture((192, 192, 192)), text("Is it bright? A yes, B no, C unsure"))],
        max_tokens=1,
        temperature=0,
        logprobs=True,
        top_logprobs=3,
        extra_body={"guided_choice": ["A", "B", "C"]},
    )
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("A", "stop")
    first = choice.logprobs.content[0]
    likely = {each.token: math.exp(each.logprob) for each in first.top_logprobs}
    assert first.token == "A"
    assert likely == pytest.approx({"A": 192 / 255, "B": 63 / 510, "C": 63 / 510})


def test_a_label_without_any_probability_is_told_as_openai_does(client):
    answer = client.chat.completions.create(
        model="",
        messages=[user(picture("white"), text("A or B"))],
        logprobs=True,
        extra_body={"guided_choice": ["A", "B"]},
    )
    assert [each.logprob for each in answer.choices[0].logprobs.content[0].top_logprobs] == [0.0, -9999.0]


def test_a_question_in_words_is_answered_in_words(client):
    answer = client.chat.completions.create(
        model="Tests/Inverting-1",
        messages=[
            {"role": "system", "content": "짧게 답하세요"},
            user(picture(), picture(mode="RGBA", colour=(0, 0, 0, 0)), text("图片里有什么？")),
        ],
        max_completion_tokens=9,
    )
    assert answer.choices[0].message.content == "8x6 RGB, 8x6 RGB; 짧게 답하세요\n\n图片里有什么？; 9"
    assert answer.choices[0].logprobs is None
    assert answer.usage.total_tokens == 0


def test_a_failure_of_the_model_is_a_server_error(client):
    with pytest.raises(openai.InternalServerError, match=r"not done after 1\.5 s"):
        client.chat.completions.create(
            model="", messages=[user(picture(), text("too long"))], extra_body={"timeout": 1.5}
        )


def test_an_engine_without_a_model_says_so():
    with serving(InvertingEngine) as server, server.openai() as client:
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="", messages=[user(text("hello"))])
        assert missing.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"stream": True}, "stream", "invalid_value"),
        ({"n": 2}, "n", "invalid_value"),
        ({"tools": []}, "tools", "unknown_parameter"),
        ({"logprobs": True}, "logprobs", "invalid_value"),
        ({"guided_choice": ["A"]}, "guided_choice", "invalid_value"),
        ({"guided_choice": ["A", "A"]}, "guided_choice", "invalid_value"),
        ({"guided_choice": ["A", ""]}, "guided_choice.1", "invalid_value"),
        ({"timeout": 0}, "timeout", "invalid_value"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": "hello"}, "messages", "invalid_value"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages.0.role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages.0.content", "missing_required_parameter"),
        ({"model": "gpt-5"}, "model", "model_not_found"),
    ],
)
def test_a_wrong_parameter_is_named(server, body, param, code):
    question = {"messages": [{"role": "user", "content": "x"}], **body}
    answer = server.http.post("/v1/chat/completions", json=question)
    assert answer.status_code == (404 if code == "model_not_found" else 400)
    error = error_of(answer)
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/cat.png",
        "file:///etc/passwd",
        "data:image/png,plain",
        "data:image/png;base64,!!!",
        "data:image/png;base64,",
        "data:image/png;base64,QUJD",
        "",
    ],
)
def test_pictures_are_taken_from_data_uris_only(server, url):
    body = {"messages": [user({"type": "image_url", "image_url": {"url": url}})]}
    answer = server.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    ],
)
def test_a_broken_body_is_told_in_the_usual_shape(server, body):
    answer = server.http.post("/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"


def test_numbers_that_are_none_do_not_get_in(server):
    body = json.dumps({"messages": [{"role": "user", "content": "x"}], "timeout": float("nan")})
    assert server.http.post("/v1/chat/completions", content=body).status_code == 400
