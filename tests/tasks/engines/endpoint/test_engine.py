"""What goes over the wire and what comes back of it, against a scripted server on loopback."""

from __future__ import annotations

import base64
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tasks.domain import errors
from tasks.domain.errors import EditCancelled, EngineBusy, EngineError, ParameterError, SettingsError, TransientError
from tasks.domain.licences import Licence
from tasks.domain.recipes import Recipe
from tasks.domain.traits import Traits
from tasks.engines.endpoint.engine import EndpointEngine, from_environment
from tasks.engines.registry import get_engine
from tests.tasks.engines.endpoint.scripted import (
    HEALTH,
    REMOTE,
    document,
    encoded,
    hanging_up,
    refusing,
    saying,
    send,
    streaming,
)

STEPS = tuple(("image_edit.progress", {"step": step, "total": 3, "index": 0}) for step in range(4))


class Steps:
    """Remembers what was reported; raises at a step."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.seen: list[tuple[int, int]] = []
        self.cancel_at = cancel_at

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        if self.cancel_at is not None and done >= self.cancel_at:
            raise EditCancelled("enough")


def upside_down(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.transpose(Image.Transpose.ROTATE_180))


def test_the_picture_comes_back_exactly_with_progress_and_the_servers_notes(server, engine_for, plan, picture):
    server.script = [streaming(server, ("image_edit.queued", {"position": 1}), *STEPS)]
    steps = Steps()
    edited = engine_for().edit(picture, plan, None, steps)
    assert (np.asarray(edited.image) == upside_down(picture)).all()
    assert edited.notes == {"made": "here"}
    assert edited.seconds == 2.5
    assert steps.seen == [(0, 1), (0, 1), (0, 3), (1, 3), (2, 3), (3, 3)]


def test_our_server_gets_every_parameter_of_the_plan(server, engine_for, plan, picture):
    server.script = [streaming(server)]
    engine_for(key="secret", timeout=50).edit(picture, plan, None, Steps())
    asked = server.posted[0]
    deadline = float(asked.texts.pop("deadline"))
    assert 45 < deadline <= 50
    assert asked.path == "/v1/images/edits"
    assert asked.headers["Authorization"] == "Bearer secret"
    assert asked.texts == {
        "prompt": plan.prompt,
        "n": "1",
        "output_format": "png",
        "steps": "7",
        "cfg": "4.5",
        "adapter": "",
        "seed": str(2**40 + 5),
        "negative_prompt": " ",
        "priority": "3",
        "edit_type": "appearance",
        "stream": "true",
    }
    assert [name for name, _ in asked.files] == ["image"]


def test_an_adapter_goes_to_a_server_that_has_it_and_no_other(server, engine_for, plan, picture):
    server.script = [streaming(server)]
    drafts = (Recipe(cfg_scale=1.0, steps=4, adapter="lightning-4"),)
    traits = Traits(drafts=drafts).model_dump(mode="json")
    server.health = (200, json.dumps({**HEALTH, "traits": traits}).encode())
    engine, other = engine_for(), engine_for("vllm-omni")
    assert engine.traits.drafts == drafts
    drafted = plan.model_copy(update={"adapter": "lightning-4"})
    engine.edit(picture, drafted, None, Steps())
    assert server.posted[0].texts["adapter"] == "lightning-4"
    with pytest.raises(ParameterError, match="no adapter 'lightning-8': give lightning-4 or none"):
        engine.edit(picture, plan.model_copy(update={"adapter": "lightning-8"}), None, Steps())
    with pytest.raises(ParameterError, match="no adapter 'lightning-4': give none"):
        other.edit(picture, drafted, None, Steps())
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (
            "vllm-omni",
            {"num_inference_steps": "7", "true_cfg_scale": "4.5", "negative_prompt": " ", "seed": "1285"},
        ),
        ("sglang", {"num_inference_steps": "7", "true_cfg_scale": "4.5", "negative_prompt": " ", "seed": "1285"}),
        ("lightx2v", {"negative_prompt": " ", "seed": "1285"}),
    ],
)
def test_other_servers_get_what_they_take_under_their_names(server, engine_for, plan, picture, kind, fields):
    server.script = [document()]
    edited = engine_for(kind).edit(picture, plan.model_copy(update={"seed": 2**40 + 1285}), None, Steps())
    assert server.posted[0].texts == {
        "prompt": plan.prompt,
        "n": "1",
        "output_format": "png",
        "response_format": "b64_json",
        "model": "some/model",
        "size": "96x64",
        **fields,
    }
    assert (np.asarray(edited.image) == upside_down(picture)).all()


def test_a_server_of_few_sizes_is_shown_a_padded_picture_and_the_padding_is_cut_off(server, engine_for, plan):
    ramp = Image.linear_gradient("L").resize((300, 190)).convert("RGB")
    echo = lambda handler, asked: send(  # noqa: E731  one line of a script
        handler, 200, json.dumps({"data": [{"b64_json": encoded(asked.files[0][1])}]}).encode()
    )
    server.script = [echo]
    edited = engine_for("openai").edit(ramp, plan, None, Steps())
    assert server.posted[0].texts["size"] == "1536x1024"
    assert server.posted[0].files[0][1].size == (1536, 1024)
    assert "seed" not in server.posted[0].texts
    assert "response_format" not in server.posted[0].texts
    assert edited.image.size == ramp.size
    assert np.abs(np.asarray(edited.image).astype(int) - np.asarray(ramp)).max() <= 6


def test_a_server_without_progress_is_nothing_or_all(server, engine_for, plan, picture):
    server.script = [document()]
    steps = Steps()
    engine_for("sglang").edit(picture, plan, None, steps)
    assert steps.seen == [(0, 1), (1, 1)]


def test_a_mask_means_the_same_by_colour_and_by_transparency(server, engine_for, plan, picture):
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, (10, 20, 30, 40))
    server.script = [streaming(server)]
    engine_for().edit(picture, plan, mask, Steps())
    sent = dict(server.posted[0].files)["mask"]
    assert sent.mode == "RGBA"
    assert (np.asarray(sent.convert("RGB").convert("L")) == np.asarray(mask)).all()
    assert (255 - np.asarray(sent.getchannel("A")) == np.asarray(mask)).all()


def test_a_mask_that_a_server_would_not_heed_is_not_sent_and_the_notes_say_so(server, engine_for, plan, picture):
    server.script = [document()]
    edited = engine_for("sglang").edit(picture, plan, Image.new("L", picture.size, 255), Steps())
    assert [name for name, _ in server.posted[0].files] == ["image"]
    assert "not sent: SGLang" in edited.notes["mask"]


def test_references_follow_the_picture_and_too_many_are_refused(server, engine_for, plan, picture):
    server.script = [streaming(server)]
    other = Image.new("RGB", (20, 30), "red")
    engine_for().edit(picture, plan, None, Steps(), [other])
    names, sizes = zip(*((name, sent.size) for name, sent in server.posted[0].files), strict=True)
    assert (names, sizes) == (("image[]", "image[]"), ((96, 64), (20, 30)))
    with pytest.raises(ParameterError, match="3 reference pictures given, the server takes 2"):
        engine_for().edit(picture, plan, None, Steps(), [other] * 3)


@pytest.mark.parametrize(("kind", "sent"), [("edit-flows", "RGBA"), ("vllm-omni", "RGB")])
def test_transparency_is_kept_whether_a_server_takes_it_or_not(server, engine_for, plan, picture, kind, sent):
    clear = picture.copy()
    clear.putalpha(Image.linear_gradient("L").resize(picture.size))
    server.script = [streaming(server) if kind == "edit-flows" else document()]
    edited = engine_for(kind).edit(clear, plan, None, Steps())
    assert server.posted[0].files[0][1].mode == sent
    assert edited.image.mode == "RGBA"


def test_identity_and_traits_are_those_of_the_servers_engine_asked_once(server, engine_for):
    engine = engine_for()
    assert engine.identity == REMOTE.model_copy(update={"name": "endpoint"})
    assert engine.traits.works_at == 1_000_000
    assert engine.vision is not None
    assert [asked.path for asked in server.asked] == ["/health"]


def test_of_another_server_the_settings_and_the_table_tell(server, engine_for):
    engine = engine_for("lightx2v")
    assert (engine.identity.name, engine.identity.model) == ("endpoint", "some/model")
    assert not engine.traits.tunable
    assert engine.vision is None
    assert server.asked == []


@pytest.mark.parametrize(
    ("model", "declared", "allowed"),
    [
        ("Qwen/Qwen-Image-Edit-2511", "", True),
        ("Qwen/Qwen-Image-2.1", "", False),
        ("some/model", "", None),
        ("some/model", "commercial", True),
        ("Qwen/Qwen-Image-Edit-2511", "research", False),
    ],
)
def test_the_licence_of_another_servers_model_is_the_declared_one_else_the_tables(engine_for, model, declared, allowed):
    engine = engine_for("vllm-omni", model=model, licence=declared)
    assert engine.traits.licence.commercial_ok is allowed


def test_our_server_tells_the_licence_of_its_engine(server, engine_for):
    research = Licence(name="for research", commercial_ok=False)
    told = Traits(licence=research).model_dump(mode="json")
    server.health = (200, json.dumps({"status": "ready", "engine": REMOTE.model_dump(), "traits": told}).encode())
    assert engine_for().traits.licence == research


def test_a_server_restarted_with_another_model_is_found_out_and_asked_again(server, engine_for, plan, picture):
    engine = engine_for()
    other = REMOTE.model_copy(update={"revision": "def"}).model_dump()
    assert engine.identity.revision == "abc"
    server.health = (200, json.dumps({**HEALTH, "engine": other}).encode())
    last = {"b64_json": encoded(picture), "engine": other, "notes": {}}
    server.script = [streaming(server, ("image_edit.completed", last), picture=False)]
    with pytest.raises(EngineError, match="restarted with another model"):
        engine.edit(picture, plan, None, Steps())
    assert engine.identity.revision == "def"


@pytest.mark.parametrize("kind", ["edit-flows", "vllm-omni"])
@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        (refusing(400, "unsupported_instruction", param="prompt"), errors.UnsupportedInstruction, "it is unsupported"),
        (refusing(400, "invalid_value", param="steps"), ParameterError, "it is invalid_value"),
        (refusing(400, "invalid_image", param="image"), errors.ImageError, "it is invalid_image"),
        (refusing(400, None, param="image"), errors.ImageError, "it is None"),
        (refusing(400, "invalid_mask", param="mask"), errors.MaskError, "it is invalid_mask"),
        (refusing(401, "invalid_api_key"), SettingsError, "EDIT_FLOWS_ENDPOINT_KEY"),
        (refusing(404, "model_not_found", param="model"), SettingsError, "EDIT_FLOWS_ENDPOINT_MODEL"),
        (saying(404, b"<html>nothing here</html>"), SettingsError, "EDIT_FLOWS_ENDPOINT_URL"),
        (saying(400, b'{"detail": "Model mismatch: request specifies"}'), SettingsError, "EDIT_FLOWS_ENDPOINT_MODEL"),
        (saying(422, b'{"detail": [{"msg": "field required"}]}'), ParameterError, "field required"),
        (refusing(413, None), errors.ImageError, "it is None"),
        (refusing(500, "engine_error"), EngineError, "it is engine_error"),
        (refusing(500, "out_of_memory"), errors.DeviceMemoryError, "it is out_of_memory"),
        (refusing(503, "engine_failed"), EngineError, "it is engine_failed"),
        (saying(500, b"Internal Server Error"), EngineError, "Internal Server Error"),
    ],
)
def test_a_refusal_is_named_and_not_repeated(server, engine_for, plan, picture, kind, line, error, said):
    server.script = [line]
    with pytest.raises(error, match=said) as refused:
        engine_for(kind).edit(picture, plan, None, Steps())
    assert type(refused.value) is error
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    "line",
    [
        refusing(429, "queue_full", Retry_After="1"),
        refusing(503, "engine_loading"),
        refusing(503, "shutting_down", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        saying(502, b"bad gateway"),
        saying(504, b""),
        hanging_up,
    ],
)
def test_what_may_pass_is_tried_again(server, engine_for, plan, picture, line):
    server.script = [line, line, streaming(server)]
    edited = engine_for().edit(picture, plan, None, Steps())
    assert edited.image.size == picture.size
    assert len(server.posted) == 3


def test_openai_is_asked_again_after_an_internal_error(server, engine_for, plan, picture):
    server.script = [saying(500, b"{}"), document()]
    engine_for("openai").edit(picture.resize((1024, 1024)), plan, None, Steps())
    assert len(server.posted) == 2


def test_a_busy_server_that_is_not_free_in_time_is_busy(server, engine_for, plan, picture):
    server.script = [refusing(429, "queue_full", Retry_After="30")]
    with pytest.raises(EngineBusy) as busy:
        engine_for(timeout=5).edit(picture, plan, None, Steps())
    assert busy.value.retry_after == 30


def test_a_server_that_never_answers_is_given_up_after_a_few_tries(server, engine_for, plan, picture):
    server.script = [hanging_up] * 9
    with pytest.raises(TransientError, match="broke off"):
        engine_for("sglang").edit(picture, plan, None, Steps())
    assert len(server.posted) == 3


def test_where_nobody_listens_the_message_says_what_to_start(server, engine_for):
    engine = engine_for()
    server.stop()
    with pytest.raises(TransientError, match=r"no server answers at .*python -m tasks.engines.server"):
        _ = engine.identity


def test_a_server_that_is_loading_is_waited_for_and_one_that_failed_is_not(server, engine_for):
    server.health = (503, json.dumps({"status": "loading", "engine": None, "traits": None}).encode())
    with pytest.raises(EngineBusy, match="is loading"):
        _ = engine_for(timeout=1).identity
    server.health = (503, json.dumps({"status": "failed", "error": "no memory"}).encode())
    with pytest.raises(EngineError, match="given up \\(no memory\\)"):
        _ = engine_for().identity


def test_a_server_of_another_kind_is_found_out_by_its_health(server, engine_for):
    server.health = (200, b"")
    with pytest.raises(SettingsError, match="EDIT_FLOWS_ENDPOINT_SERVER"):
        _ = engine_for().identity


@pytest.mark.parametrize(
    ("events", "error", "said"),
    [
        ((("error", {"error": {"message": "half way", "code": "engine_error"}}),), EngineError, "half way"),
        (
            (("error", {"error": {"message": "what?", "code": "unsupported_instruction"}}),),
            errors.UnsupportedInstruction,
            "what?",
        ),
        ((("image_edit.progress", {"step": "one"}),), EngineError, "progress cannot be read"),
        ((("image_edit.completed", {"b64_json": 5}),), EngineError, "holds no picture"),
        ((("image_edit.completed", {"b64_json": "!!!"}),), EngineError, "is no picture"),
        ((("image_edit.completed", {"b64_json": "aGVsbG8="}),), EngineError, "is no picture"),
        ((("image_edit.completed", {}),), EngineError, "is no picture"),
        ((), EngineError, "ended without a picture"),
    ],
)
def test_a_stream_that_goes_wrong_is_an_error_of_the_engine(server, engine_for, plan, picture, events, error, said):
    server.script = [streaming(server, *events, picture=False)]
    with pytest.raises(error, match=said):
        engine_for().edit(picture, plan, None, Steps())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not json", "no JSON"),
        (b"[1]", "no JSON object"),
        (b'{"data": []}', "holds no picture"),
        (b'{"data": [{"b64_json": "AAAA"}]}', "is no picture"),
        (b'{"data": [{}]}', "is no picture"),
    ],
)
def test_a_broken_document_is_an_error_of_the_engine(server, engine_for, plan, picture, body, said):
    server.script = [saying(200, body)]
    with pytest.raises(EngineError, match=said):
        engine_for("sglang").edit(picture, plan, None, Steps())


def test_an_answer_cut_short_is_tried_again(server, engine_for, plan, picture):
    def cut(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b'{"data": [{"b64_json": "iVBOR')
        handler.wfile.flush()
        handler.close_connection = True

    server.script = [cut, document()]
    assert engine_for("sglang").edit(picture, plan, None, Steps()).image.size == picture.size


def test_a_stream_that_breaks_off_is_tried_again(server, engine_for, plan, picture):
    def killed(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        event = b'event: image_edit.progress\ndata: {"step": 1, "total": 2}\n\n'
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        hanging_up(handler, _)

    server.script = [killed, streaming(server)]
    assert engine_for().edit(picture, plan, None, Steps()).image.size == picture.size


def test_a_picture_cut_short_is_an_error_of_the_engine(server, engine_for, plan, picture):
    half = encoded(picture)[: len(encoded(picture)) // 8 * 4]
    server.script = [saying(200, json.dumps({"data": [{"b64_json": half}]}).encode())]
    with pytest.raises(EngineError, match="truncated or damaged"):
        engine_for("sglang").edit(picture, plan, None, Steps())


def test_a_picture_of_another_shape_is_refused_rather_than_distorted(server, engine_for, plan, picture):
    square = encoded(picture.resize((64, 64)))
    server.script = [saying(200, json.dumps({"data": [{"b64_json": square}]}).encode())]
    with pytest.raises(EngineError, match="96 x 64 pixels and answers with 64 x 64"):
        engine_for("sglang").edit(picture, plan, None, Steps())


def test_a_link_is_followed_on_the_same_host_and_nowhere_else(server, engine_for, plan, picture):
    server.files["/v1/files/made.png"] = base64.b64decode(encoded(picture))
    server.script = [saying(200, b'{"data": [{"url": "/v1/files/made.png"}]}')]
    edited = engine_for("lightx2v").edit(picture, plan, None, Steps())
    assert (np.asarray(edited.image) == np.asarray(picture)).all()
    server.script = [saying(200, b'{"data": [{"url": "http://127.0.0.2:1/made.png"}]}')]
    with pytest.raises(EngineError, match="another host"):
        engine_for("lightx2v").edit(picture, plan, None, Steps())


def test_when_report_raises_the_connection_is_closed_and_the_engine_stays_usable(server, engine_for, plan, picture):
    engine = engine_for()
    endless: list[tuple[str, dict[str, int]] | float] = [("image_edit.progress", {"step": 1, "total": 99}), 0.05] * 200
    server.script = [streaming(server, *endless), streaming(server)]
    with pytest.raises(EditCancelled):
        engine.edit(picture, plan, None, Steps(cancel_at=1))
    assert server.gone.wait(5)
    assert engine.edit(picture, plan, None, Steps()).image.size == picture.size
    assert len(server.posted) == 2


def test_a_server_that_takes_too_long_is_told_apart_from_one_that_is_gone(server, engine_for, plan, picture):
    engine = engine_for("sglang", timeout=0.3)
    server.script = [lambda *_: threading.Event().wait(0.6)]
    with pytest.raises(TransientError, match="not done after 0"):
        engine.edit(picture, plan, None, Steps())


def test_several_threads_each_get_their_own_picture_back(server, engine_for, plan):
    engine = engine_for()
    server.script = [streaming(server, *STEPS) for _ in range(12)]
    pictures = [Image.new("RGB", (40 + at, 33), (at * 20, 0, 0)) for at in range(12)]
    with ThreadPoolExecutor(6) as threads:
        back = list(threads.map(lambda shown: engine.edit(shown, plan, None, Steps()).image, pictures))
    assert [picture.getpixel((5, 5)) for picture in back] == [(at * 20, 0, 0) for at in range(12)]
    assert [picture.size for picture in back] == [picture.size for picture in pictures]


def test_the_environment_names_the_server_and_wrong_values_are_named(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_ENDPOINT_SERVER", "sglang")
    with pytest.raises(SettingsError, match="EDIT_FLOWS_ENDPOINT_MODEL is empty"):
        from_environment()
    monkeypatch.setenv("EDIT_FLOWS_ENDPOINT_SERVER", "comfy")
    with pytest.raises(SettingsError, match=r"EDIT_FLOWS_ENDPOINT_SERVER='comfy': .*known servers: edit-flows"):
        from_environment()
    monkeypatch.delenv("EDIT_FLOWS_ENDPOINT_SERVER")
    for wrong in ("localhost:8300", "http://[::1/v1", "ftp://a/v1"):
        monkeypatch.setenv("EDIT_FLOWS_ENDPOINT_URL", wrong)
        with pytest.raises(SettingsError, match=re.escape(f"EDIT_FLOWS_ENDPOINT_URL={wrong!r}")):
            from_environment()


def test_the_engine_is_registered():
    engine = get_engine.__wrapped__("endpoint")
    assert isinstance(engine, EndpointEngine)
    engine.close()
