from __future__ import annotations

import base64
import io
from typing import Any, cast
from uuid import uuid4

import openai
import pytest
from PIL import Image

SEMANTIC = {"edit_type": "semantic"}


def pictures(answer) -> list[Image.Image]:
    return [Image.open(io.BytesIO(base64.b64decode(one.b64_json))) for one in answer.data]


def test_the_official_client_gets_a_checked_picture(api, photo) -> None:
    answer = api.openai().images.edit(model="gpt-image-1", image=("a.png", photo), prompt="Give it a warm look")

    assert [picture.size for picture in pictures(answer)] == [(256, 256)]
    assert answer.size == "256x256"
    assert answer.usage.total_tokens == 0


def test_several_pictures_differ_by_their_seed_and_come_in_the_size_and_format_asked_for(api, photo) -> None:
    answer = api.openai().images.edit(
        image=[("a.png", photo)],
        prompt="Warm",
        n=2,
        size="128x128",
        output_format="jpeg",
        quality="high",
        extra_body=SEMANTIC,
    )

    assert [(picture.size, picture.format) for picture in pictures(answer)] == [((128, 128), "JPEG")] * 2
    edits: list[str] = answer.edits
    told = [api.http.get(f"/edits/{edit}/metadata").json() for edit in edits]
    assert len({one["attempts"][0]["plan"]["seed"] for one in told}) == 2
    assert {one["request"]["quality"] for one in told} == {"full"}


def test_a_rejected_picture_is_an_error_with_its_verdict(api, photo) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        api.openai().images.edit(image=("a.png", photo), prompt=f"unchanged {uuid4()}", extra_body=SEMANTIC)

    assert refused.value.code == "edit_rejected"
    verdict = cast("dict[str, Any]", refused.value.body)["verdict"]
    assert "unchanged" in {check.get("failure") for check in verdict["checks"]}


def test_progress_and_picture_are_streamed(api, photo) -> None:
    stream = api.openai().images.edit(
        image=("a.png", photo), prompt=f"slow {uuid4()}", stream=True, extra_body=SEMANTIC
    )
    events = list(stream)

    assert events[0].type == "image_edit.queued"
    assert "image_edit.progress" in {event.type for event in events}
    assert events[-1].type == "image_edit.completed"
    assert Image.open(io.BytesIO(base64.b64decode(events[-1].b64_json))).size == (256, 256)


def test_a_stream_tells_of_a_rejected_picture(api, photo) -> None:
    stream = api.openai().images.edit(
        image=("a.png", photo), prompt=f"unchanged {uuid4()}", stream=True, extra_body=SEMANTIC
    )
    with pytest.raises(openai.APIError, match="no picture passed"):
        list(stream)


def test_who_does_not_want_to_wait_gets_a_job(api, photo) -> None:
    answer = api.openai().images.with_raw_response.edit(
        image=("a.png", photo), prompt=f"Warm {uuid4()}", extra_headers={"Prefer": "respond-async"}, extra_body=SEMANTIC
    )

    assert answer.status_code == 202
    assert api.ended(answer.headers["location"].rpartition("/")[2])["status"] == "accepted"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"size": "1024x640"}, "size"),
        ({"n": 99}, "n"),
        ({"extra_body": {"negative_prompt": "red"}}, "negative_prompt"),
        ({"extra_body": {"adapter": "lightning-4"}}, "adapter"),
        ({"extra_body": {"colour": "red"}}, "colour"),
    ],
)
def test_a_wrong_field_is_named_in_openais_shape(api, photo, fields, param) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        api.openai().images.edit(image=("a.png", photo), prompt="Warm", **fields)

    assert refused.value.param == param


def test_the_model_is_listed(api) -> None:
    assert [model.id for model in api.openai().models.list()] == ["edit-flows"]
