import base64
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from PIL import Image

from tasks.domain.models import EditType
from tasks.domain.recipes import Recipe
from tasks.domain.traits import Traits
from tasks.engines.server import errand
from tests.tasks.engines.server.doubles import InvertingEngine, SteppingEngine, inverted
from tests.tasks.engines.server.serving import error_of, eventually, file_of, noise, serving


@pytest.fixture(scope="module")
def engine():
    return InvertingEngine()


@pytest.fixture(scope="module")
def server(engine):
    with serving(lambda: engine, limit=40) as running:
        yield running


@pytest.fixture
def client(server):
    with server.openai() as made:
        yield made


@pytest.fixture
def stepping():
    """A server whose engine waits for leave at each step."""
    engine = SteppingEngine()
    with serving(lambda: engine, limit=2) as running:
        yield running, engine
        engine.let(1000)


def opened(b64: str) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(b64)))
    picture.load()
    return picture


def same(left: Image.Image, right: Image.Image) -> bool:
    return left.mode == right.mode and np.array_equal(np.asarray(left), np.asarray(right))


def events_of(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    found = re.findall(r"event: (.+)\ndata: (.+)\n\n", response.text)
    return [(kind, json.loads(data)) for kind, data in found]


# the official client


def test_the_official_client_edits_a_picture(client):
    source = noise()
    answer = client.images.edit(image=("사진.png", file_of(source)), prompt="배경을 어둡게 해줘", model="inverting")
    assert same(opened(answer.data[0].b64_json), inverted(source))
    assert (answer.size, answer.output_format, answer.background) == ("40x30", "png", "opaque")
    assert answer.usage.total_tokens == 0


def test_the_official_client_sends_several_pictures_a_mask_and_extras(client, engine):
    sources = [noise(seed=1), noise(20, 20, seed=2), noise(10, 10, seed=3, mode="RGBA")]
    mask = Image.new("RGBA", sources[0].size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (5, 6, 15, 16))
    answer = client.images.edit(
        image=[file_of(picture) for picture in sources],
        mask=file_of(mask),
        prompt="把左边的换成第二张图",
        n=2,
        size="80x60",
        quality="high",
        user="someone",
        extra_body={"steps": 7, "cfg": 2.5, "seed": 11, "negative_prompt": "흐림", "edit_type": "appearance"},
    )
    assert [opened(one.b64_json).size for one in answer.data] == [(80, 60)] * 2
    assert answer.seeds == [11, 12]
    assert answer.notes == [{"colours": "反转 inverted"}] * 2
    assert answer.engine == {"name": "inverting", "model": "Tests/Inverting-1", "revision": "7", "stand_in": False}
    source, plan, shown_mask, references = engine.calls[-1]
    assert same(source, sources[0])
    assert all(same(*pair) for pair in zip(references, sources[1:], strict=True))
    assert (plan.steps, plan.cfg_scale, plan.seed, plan.negative_prompt) == (7, 2.5, 12, "흐림")
    assert plan.contract.edit_type is EditType.APPEARANCE
    assert plan.region == (5, 6, 15, 16)
    assert shown_mask.getbbox() == (5, 6, 15, 16)


def test_the_official_client_streams_and_survives_our_events(client):
    source = noise()
    with client.images.edit(image=file_of(source), prompt="Invert it", n=2, stream=True) as stream:
        events = list(stream)
    assert [event.type for event in events] == [
        "image_edit.queued",
        *["image_edit.progress", "image_edit.progress", "image_edit.completed"] * 2,
    ]
    last = events[-1]
    assert same(opened(last.b64_json), inverted(source))
    assert (last.index, last.output_format, last.size, last.usage.total_tokens) == (1, "png", "40x30", 0)


def test_the_official_client_knows_our_errors(client):
    picture = file_of(noise())
    with pytest.raises(openai.BadRequestError) as bad:
        client.images.edit(image=picture, prompt="x", n=11)
    assert (bad.value.code, bad.value.param, bad.value.type) == ("invalid_value", "n", "invalid_request_error")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.images.edit(image=picture, prompt="x", model="gpt-image-1")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.InternalServerError) as failed:
        client.images.edit(image=picture, prompt="fail")
    assert failed.value.code == "engine_error"
    with pytest.raises(openai.NotFoundError, match="this server edits pictures"):
        client.images.generate(prompt="x")
    with pytest.raises(openai.APIError, match="sampler made no picture") as streamed:
        list(client.images.edit(image=picture, prompt="fail", stream=True))
    assert streamed.value.code == "engine_error"


def test_the_official_client_is_told_of_a_full_queue_and_of_a_wrong_key(stepping):
    running, engine = stepping
    picture = noise(1500, 1500)
    with ThreadPoolExecutor(3) as threads, running.openai() as client:
        waiting = []
        for count in (1, 2, 3):
            waiting.append(threads.submit(running.edit, file_of(noise()), steps=1))
            eventually(taken(running, count))
        with pytest.raises(openai.RateLimitError) as full:
            client.images.edit(image=file_of(picture), prompt="x")
        assert full.value.code == "queue_full"
        assert int(full.value.response.headers["Retry-After"]) >= 1
        engine.let(3)
        assert [one.result().status_code for one in waiting] == [200] * 3
    with serving(InvertingEngine, token="right") as locked, locked.openai("wrong") as client:
        with pytest.raises(openai.AuthenticationError) as denied:
            client.images.edit(image=file_of(picture), prompt="x")
        assert denied.value.code == "invalid_api_key"


def test_models_are_listed_for_the_official_client(client):
    assert [model.id for model in client.models.list()] == ["Tests/Inverting-1"]


# pictures


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_transparency_comes_back_as_it_was_sent(server, output_format):
    source = noise(mode="RGBA")
    answer = server.edit(file_of(source), output_format=output_format).json()
    assert answer["background"] == "transparent"
    assert same(opened(answer["data"][0]["b64_json"]), inverted(source))


@pytest.mark.parametrize("asked", ["jpeg", "jpg"])
def test_jpeg_has_no_transparency(server, asked):
    answer = server.edit(file_of(noise(mode="RGBA")), output_format=asked).json()
    picture = opened(answer["data"][0]["b64_json"])
    assert (picture.format, picture.mode) == ("JPEG", "RGB")
    assert (answer["background"], answer["output_format"]) == ("opaque", "jpeg")


def test_a_large_picture_is_shown_as_the_engine_wants_it_and_keeps_its_size():
    engine = InvertingEngine(Traits(works_at=10_000, multiple=16))
    source = noise(333, 222)
    with serving(lambda: engine) as server:
        answer = server.edit(file_of(source)).json()
        assert opened(answer["data"][0]["b64_json"]).size == (333, 222)
        shown = engine.calls[-1][0]
        assert shown.width * shown.height <= 10_000
        assert shown.width % 16 == shown.height % 16 == 0


def test_with_a_mask_a_large_picture_is_shown_around_it_at_native_pixels():
    engine = InvertingEngine(Traits(works_at=200_000, multiple=16))
    source, mask = noise(1000, 800), Image.new("L", (1000, 800))
    mask.paste(255, (700, 500, 800, 600))
    files = {"image": ("a.png", file_of(source)), "mask": ("m.png", file_of(mask))}
    with serving(lambda: engine) as server:
        answer = server.http.post("/v1/images/edits", data={"prompt": "x"}, files=files).json()
    shown, plan, shown_mask, _ = engine.calls[-1]
    result = np.asarray(opened(answer["data"][0]["b64_json"]))
    assert plan.region == (700, 500, 800, 600)
    assert shown_mask is not None
    assert (np.asarray(shown_mask) > 0).sum() == 100 * 100
    assert shown.size == shown_mask.size
    assert np.array_equal(result[500:600, 700:800], 255 - np.asarray(source)[500:600, 700:800])
    assert np.array_equal(result[:200, :200], np.asarray(source)[:200, :200])


@pytest.mark.parametrize(
    ("size", "fits"), [("auto", True), ("40x30", True), ("120x90", True), ("121x90", True), ("30x40", False)]
)
def test_another_size_is_made_unless_it_would_distort(server, size, fits):
    answer = server.edit(file_of(noise(40, 30)), size=size)
    if fits:
        expected = "40x30" if size == "auto" else size
        assert answer.json()["size"] == expected
        assert "{}x{}".format(*opened(answer.json()["data"][0]["b64_json"]).size) == expected
    else:
        assert answer.status_code == 400
        assert "30x22" in error_of(answer)["message"]


def test_a_seed_that_was_not_given_is_told(server, engine):
    answers = [server.edit(file_of(noise()), seed="").json()["seeds"] for _ in range(2)]
    assert answers[0] != answers[1]
    assert engine.calls[-1][1].seed == answers[1][0]


def test_the_recipe_of_the_kind_of_edit_holds_where_nothing_is_said(server, engine):
    server.edit(file_of(noise()), "'A'를 'B'로 바꿔줘")
    plan = engine.calls[-1][1]
    assert (plan.contract.edit_type, plan.steps, plan.negative_prompt) == (EditType.TEXT, 75, " ")


def test_a_draft_is_made_with_its_own_parameters_unless_others_are_given():
    drafts = (Recipe(cfg_scale=1.0, steps=4, adapter="four"), Recipe(cfg_scale=1.5, steps=8, adapter="eight"))
    engine = InvertingEngine(Traits(drafts=drafts))
    with serving(lambda: engine) as server:
        told = server.http.get("/health").json()["traits"]
        assert Traits.model_validate(told).drafts == drafts
        for fields in ({"adapter": "eight"}, {"adapter": "four", "steps": 6}, {"adapter": ""}, {"steps": 9}):
            assert server.edit(file_of(noise()), "Make it warm", **fields).status_code == 200
        refused = server.edit(file_of(noise()), adapter="sixteen")
    full = engine.traits.recipes[EditType.SEMANTIC]
    assert [(plan.adapter, plan.steps, plan.cfg_scale) for _, plan, _, _ in engine.calls] == [
        ("eight", 8, 1.5),
        ("four", 6, 1.0),
        ("", full.steps, full.cfg_scale),
        ("", 9, full.cfg_scale),
    ]
    assert (refused.status_code, error_of(refused)["param"]) == (400, "adapter")
    assert "'sixteen' is unknown to inverting: ask for four, eight, or leave it out" in error_of(refused)["message"]


def test_an_engine_without_drafts_takes_no_adapter(server):
    refused = server.edit(file_of(noise()), adapter="four")
    assert (refused.status_code, error_of(refused)["param"]) == (400, "adapter")
    assert "it has none" in error_of(refused)["message"]


@pytest.mark.parametrize("model", ["", "Tests/Inverting-1", "inverting-1", "INVERTING"])
def test_the_model_goes_by_several_names(server, model):
    assert server.edit(file_of(noise()), model=model).status_code == 200


def test_thirty_requests_at_once_each_get_their_own_picture(server):
    sources = [noise(64, 48, seed=seed) for seed in range(30)]
    with ThreadPoolExecutor(30) as threads:
        answers = list(threads.map(lambda source: server.edit(file_of(source)), sources))
    for source, answer in zip(sources, answers, strict=True):
        assert same(opened(answer.json()["data"][0]["b64_json"]), inverted(source))


# streams, queue and cancellation


def test_a_stream_tells_queue_steps_and_pictures_as_they_happen(stepping):
    running, engine = stepping
    source = file_of(noise())
    first = threading.Thread(target=running.edit, args=(source,), kwargs={"steps": 1})
    first.start()
    eventually(lambda: engine.begun)
    seen = []
    with running.http.stream(
        "POST",
        "/v1/images/edits",
        data={"prompt": "x", "steps": "2", "stream": "true", "seed": "5"},
        files={"image": source},
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        for line in lines:
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                seen.append(event)
                if event.get("position") == 1 or event.get("step", 2) < 2:  # the first edit's only step, then each
                    engine.let(1)
    first.join()
    assert [event["type"].removeprefix("image_edit.") for event in seen] == [
        "queued",
        *["progress"] * 3,
        "completed",
    ]
    assert (seen[-1]["seed"], seen[-1]["index"], seen[-1]["size"]) == (5, 0, "40x30")
    assert set(seen[-1]) >= {"b64_json", "created_at", "background", "quality", "usage", "engine", "notes", "seconds"}


def test_a_silent_stream_is_kept_open_by_comments_that_the_official_client_passes_over(stepping, monkeypatch):
    monkeypatch.setattr(errand, "KEEPALIVE", 0.01)
    running, engine = stepping
    fields = {"prompt": "x", "steps": "1", "stream": "true"}
    with running.http.stream("POST", "/v1/images/edits", data=fields, files={"image": file_of(noise())}) as response:
        lines = response.iter_lines()
        assert ": ping" in lines
        engine.let(2)
        assert "event: image_edit.completed" in lines
    with running.openai() as client:
        request = client.images.edit(image=file_of(noise()), prompt="x", stream=True, extra_body={"steps": 2})
        with request as stream:
            kinds = []
            for event in stream:
                kinds.append(event.type)
                time.sleep(0.05)
                engine.let(1)
    assert kinds[-1] == "image_edit.completed"


def test_a_failure_in_a_stream_is_its_last_event(server):
    kinds = events_of(server.edit(file_of(noise()), "overflow", stream=True))
    assert kinds[-1][0] == "error"
    assert kinds[-1][1]["type"] == "error"
    assert kinds[-1][1]["error"]["code"] == "out_of_memory"


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_client_that_goes_away_ends_its_running_edit_at_the_next_step(stepping, stream):
    running, engine = stepping
    leave_during_edit(running, stream, lambda: engine.begun == ["gone"])
    eventually(lambda: engine.let(1) or not running.host.running)
    assert engine.steps < 50
    engine.let(1)
    assert running.edit(file_of(noise()), steps=1).status_code == 200


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_client_that_goes_away_leaves_the_queue_at_once(stepping, stream):
    running, engine = stepping
    first = threading.Thread(target=running.edit, args=(file_of(noise()),), kwargs={"steps": 1})
    first.start()
    eventually(lambda: engine.begun)
    leave_during_edit(running, stream, lambda: running.host.waiting == 1)
    eventually(lambda: running.host.waiting == 0)
    assert running.host.running == 1
    engine.let(1)
    first.join()
    assert engine.begun == ["Invert it"]


def taken(running, count: int) -> Callable[[], bool]:
    """Holds once that many requests wait or run."""
    return lambda: running.host.waiting + running.host.running == count


def leave_during_edit(running, stream, when) -> None:
    """Ask for an edit and close the connection once `when` holds."""
    request = running.http.build_request(
        "POST",
        "/v1/images/edits",
        data={"prompt": "gone", "steps": "100", "stream": stream},
        files={"image": file_of(noise())},
    )
    head = f"{request.method} {request.url.raw_path.decode()} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with _connection(running.url) as connection:
        connection.sendall(head.encode() + b"\r\n" + request.read())
        eventually(when)


def _connection(url: str):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)))


def test_urgent_requests_overtake_over_http(stepping):
    running, engine = stepping
    with ThreadPoolExecutor(3) as threads:
        sent = []
        for count, (name, priority) in enumerate([("running", 1), ("patient", 1), ("urgent", 9)], start=1):
            sent.append(threads.submit(running.edit, file_of(noise()), name, priority=priority, steps=1))
            eventually(taken(running, count))
        engine.let(3)
        assert [one.result().status_code for one in sent] == [200] * 3
    assert engine.begun == ["running", "urgent", "patient"]


def test_a_deadline_that_passes_is_told_with_when_to_come_again(stepping):
    running, engine = stepping
    first = threading.Thread(target=running.edit, args=(file_of(noise()),), kwargs={"steps": 1})
    first.start()
    eventually(lambda: engine.begun)
    late = running.edit(file_of(noise()), deadline=0.05)
    assert late.status_code == 503
    assert error_of(late)["code"] == "deadline_exceeded"
    assert int(late.headers["Retry-After"]) >= 1
    engine.let(1)
    first.join()


def test_a_crash_costs_one_request_and_the_next_is_served_by_a_fresh_engine():
    loaded = []

    def load():
        loaded.append(InvertingEngine())
        return loaded[-1]

    with serving(load) as server:
        broken = server.edit(file_of(noise()), "crash")
        assert broken.status_code == 500
        assert error_of(broken)["code"] == "engine_error"
        eventually(lambda: len(loaded) == 2 and server.http.get("/health").status_code == 200)
        assert server.edit(file_of(noise())).status_code == 200
