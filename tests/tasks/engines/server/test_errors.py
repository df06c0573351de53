import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import httpx
import pytest

from tasks.domain import errors as domain
from tasks.engines.server import access
from tasks.engines.server.errors import SHAPES, problem_of
from tests.tasks.engines.server.doubles import InvertingEngine
from tests.tasks.engines.server.serving import PATIENCE, error_of, file_of, noise, serving

PICTURE = file_of(noise())


@pytest.fixture(scope="module")
def server():
    with serving(InvertingEngine) as running:
        yield running


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"n": "0"}, "n", "invalid_value"),
        ({"n": "11"}, "n", "invalid_value"),
        ({"n": "two"}, "n", "invalid_value"),
        ({"steps": "201"}, "steps", "invalid_value"),
        ({"cfg": "0.5"}, "cfg", "invalid_value"),
        ({"cfg": "nan"}, "cfg", "invalid_value"),
        ({"seed": str(2**63)}, "seed", "invalid_value"),
        ({"seed": "-1"}, "seed", "invalid_value"),
        ({"seed": "9" * 5000}, "seed", "invalid_value"),
        ({"priority": "10"}, "priority", "invalid_value"),
        ({"deadline": "0"}, "deadline", "invalid_value"),
        ({"deadline": "inf"}, "deadline", "invalid_value"),
        ({"size": "1024"}, "size", "invalid_value"),
        ({"size": "0x10"}, "size", "invalid_value"),
        ({"size": "100000x75000"}, "size", "invalid_value"),
        ({"size": "10x10"}, "size", "invalid_value"),
        ({"response_format": "url"}, "response_format", "invalid_value"),
        ({"output_format": "gif"}, "output_format", "invalid_value"),
        ({"stream": "maybe"}, "stream", "invalid_value"),
        ({"edit_type": "magic"}, "edit_type", "invalid_value"),
        ({"prompt": "  "}, "prompt", "invalid_value"),
        ({"prompt": "가" * 2001}, "prompt", "invalid_value"),
        ({"prompt": "a\0b"}, "prompt", "invalid_value"),
        ({"negative_prompt": "가" * 2001}, "negative_prompt", "invalid_value"),
        ({"image": "not a file"}, "image", "invalid_value"),
        ({"guidance": "3"}, "guidance", "unknown_parameter"),
        ({"설정": "3"}, "설정", "unknown_parameter"),
        ({"x" * 500: "3"}, "x" * 80, "unknown_parameter"),
        ({"model": "gpt-image-1"}, "model", "model_not_found"),
        ({"prompt": "refuse"}, "prompt", "unsupported_instruction"),
    ],
)
def test_a_wrong_field_is_named(server, fields, param, code):
    answer = server.http.post("/v1/images/edits", data={"prompt": "x", **fields}, files={"image": ("a.png", PICTURE)})
    assert answer.status_code == (404 if code == "model_not_found" else 400)
    error = error_of(answer)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert len(error["message"]) < 600


@pytest.mark.parametrize(
    ("files", "param", "code"),
    [
        ([], "image", "missing_required_parameter"),
        ([("image", ("a.png", b""))], "image", "invalid_image"),
        ([("image", ("a.png", b"no picture"))], "image", "invalid_image"),
        ([("image", ("a.png", PICTURE[:-200]))], "image", "invalid_image"),
        ([("image", ("bomb.png", bomb(60_000, 60_000)))], "image", "invalid_image"),
        ([("image", ("bomb.png", bomb(2**31 - 1, 2**31 - 1)))], "image", "invalid_image"),
        ([("image", ("a.png", PICTURE))] * 4, "image", "invalid_value"),
        ([("image[]", ("a.png", PICTURE)), ("image[]", ("b.png", b"?"))], "image", "invalid_image"),
        ([("image", ("a.png", PICTURE)), ("mask", ("m.png", b"?"))], "mask", "invalid_mask"),
        ([("image", ("a.png", PICTURE)), ("mask", ("m.png", file_of(noise(9, 9))))], "mask", "invalid_mask"),
        ([("image", ("a.png", PICTURE)), ("mask", ("m.png", PICTURE)), ("mask", ("m.png", PICTURE))], "mask", None),
        ([("image", ("a.png", PICTURE)), ("photo", ("b.png", PICTURE))], "photo", "unknown_parameter"),
        ([("image", ("a.png", PICTURE)), ("seed", ("s.txt", b"1"))], "seed", "invalid_value"),
    ],
)
def test_a_wrong_file_is_named(server, files, param, code):
    answer = server.http.post("/v1/images/edits", data={"prompt": "x"}, files=files or {"": b""})
    assert answer.status_code == 400
    error = error_of(answer)
    if files:
        assert error["param"] == param
        assert error["code"] == (code or "invalid_value")


def test_missing_fields_are_named(server):
    error = error_of(server.http.post("/v1/images/edits", data={"n": "1"}, files={"image": PICTURE}))
    assert (error["param"], error["code"]) == ("prompt", "missing_required_parameter")


HEAD = 'Content-Disposition: form-data; name="prompt"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"prompt": "x"}'),
        ("application/x-www-form-urlencoded", b"prompt=x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no boundary here"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nno disposition\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + HEAD.encode() + b"never ends"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n\0\0\0: \xff\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + HEAD.encode() + b"x" * 70_000 + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + HEAD.encode() + b"\xff\xfe\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", (b"--b\r\n" + HEAD.encode() + b"x\r\n") * 2 + b"--b--\r\n"),
        ("multipart/form-data; boundary=b", (b"--b\r\n" + HEAD.encode() + b"x\r\n") * 200 + b"--b--\r\n"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"x"),
        ('multipart/form-data; boundary="b\\"; charset=utf-7"', b"x"),
    ],
)
def test_a_broken_form_is_told_in_the_usual_shape(server, content_type, body):
    answer = server.http.post("/v1/images/edits", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"
    assert server.edit(PICTURE).status_code == 200


def test_a_prompt_in_another_encoding_is_refused_not_guessed(server):
    body = b"--b\r\n" + HEAD.encode() + "배경을 파랗게".encode("cp949") + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    error = error_of(server.http.post("/v1/images/edits", content=body, headers=headers))
    assert error["param"] == "prompt"
    assert "UTF-8" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/images/generations", 404),
        ("GET", "/", 404),
        ("GET", "/v1/사진", 404),
        ("GET", "/docs", 404),
        ("GET", "/v1/images/edits", 405),
        ("POST", "/health", 405),
        ("BREW", "/v1/images/edits", 405),
    ],
)
def test_unknown_urls_and_methods_have_the_same_shape(server, method, path, status):
    answer = server.http.request(method, path)
    assert answer.status_code == status
    error = error_of(answer)
    assert error["type"] == "invalid_request_error"
    assert f"{method} {path}" in error["message"]


def test_a_body_over_the_limit_is_refused_from_its_length_alone(server):
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(access.MAX_BODY + 1)}
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", **headers}.items())
        connection.sendall(f"POST /v1/images/edits HTTP/1.1\r\n{head}\r\n".encode())
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413
        assert b"request_too_large" in answer.read()


def test_a_body_that_does_not_tell_its_length_is_counted(server, monkeypatch):
    monkeypatch.setattr(access, "MAX_BODY", 1_000_000)
    pieces = iter([b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n', *[b"x" * 65_536] * 64])
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = server.http.post("/v1/images/edits", content=pieces, headers=headers)
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "request_too_large"


def test_a_client_that_stops_in_the_middle_of_its_upload_leaves_nothing_behind(server):
    host, port = server.url.removeprefix("http://").split(":")
    head = "POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n--b\r\n" + HEAD.encode() + b"half")
    assert server.edit(PICTURE).status_code == 200
    assert server.host.waiting == server.host.running == 0


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer", "Basic c2VjcmV0", "Bearer Secret", "bearer secret2"])
def test_without_the_token_nothing_but_health_answers(shown):
    with serving(InvertingEngine, token="secret") as server:
        headers = {"Authorization": shown} if shown else {}
        with httpx.Client(base_url=server.url, headers=headers) as stranger:
            for path in ("/v1/models", "/metrics", "/v1/nothing"):
                answer = stranger.get(path)
                assert answer.status_code == 401
                error = error_of(answer)
                assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")
            assert stranger.get("/health").status_code == 200
        assert server.edit(PICTURE).status_code == 200
        assert server.http.get("/v1/models", headers={"Authorization": "bearer secret"}).status_code == 200


def test_while_the_engine_is_loaded_requests_are_told_to_come_back_and_health_says_so():
    go = threading.Event()

    def load():
        assert go.wait(PATIENCE)
        return InvertingEngine()

    with serving(load, ready=False) as server:
        busy = server.edit(PICTURE)
        assert (busy.status_code, error_of(busy)["code"]) == (503, "engine_loading")
        assert int(busy.headers["Retry-After"]) >= 1
        health = server.http.get("/health")
        assert health.status_code == 503
        assert "Retry-After" in health.headers
        assert (health.json()["status"], health.json()["engine"], health.json()["traits"]) == ("loading", None, None)
        assert server.http.get("/v1/models").json() == {"object": "list", "data": []}
        go.set()


def test_an_engine_that_failed_says_why():
    def load():
        raise domain.SettingsError("EDIT_FLOWS_QWEN_MODEL='x': no such folder")

    with serving(load, ready=False) as server:
        while server.http.get("/health").json()["status"] == "loading":
            pass
        broken = server.edit(PICTURE)
        assert (broken.status_code, error_of(broken)["code"]) == (503, "engine_failed")
        assert "no such folder" in error_of(broken)["message"]
        assert "no such folder" in server.http.get("/health").json()["error"]


def test_a_server_that_stops_says_so():
    with serving(InvertingEngine) as leaving:
        leaving.host.stop(0)
        answer = leaving.edit(PICTURE)
        assert (answer.status_code, error_of(answer)["code"]) == (503, "shutting_down")
        assert leaving.http.get("/health").json()["status"] == "stopping"


@pytest.mark.parametrize("prompt", ["crash", "exit"])
def test_what_breaks_an_engine_is_a_server_error(prompt):
    with serving(InvertingEngine) as server:
        answer = server.edit(PICTURE, prompt)
        assert answer.status_code == 500
        assert (error_of(answer)["type"], error_of(answer)["code"]) == ("server_error", "engine_error")


def until_cut_off(stream: httpx.Response) -> Iterator[str]:
    """The lines of an answer that never ends properly."""
    with pytest.raises(httpx.RemoteProtocolError):
        yield from stream.iter_lines()


def test_a_fault_of_the_server_itself_has_the_shape_too():
    class Broken(InvertingEngine):
        def edit(self, *_arguments, **_more):
            return None  # no Edited: what follows fails with an AttributeError

    with serving(Broken) as server:
        answer = server.edit(PICTURE)
        assert answer.status_code == 500
        assert error_of(answer)["type"] == "server_error"
        form: dict[str, Any] = {"data": {"prompt": "x", "stream": "true"}, "files": {"image": PICTURE}}
        with server.http.stream("POST", "/v1/images/edits", **form) as stream:
            lines = list(until_cut_off(stream))
        assert "event: error" in lines
        assert "the server has a fault" in lines[-2]


def every_error(root: type[Exception] = domain.EditFlowError) -> set[type[Exception]]:
    return {root}.union(*(every_error(kind) for kind in root.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(every_error(), key=str))
def test_every_error_of_the_project_has_an_answer(kind):
    near = next(base for base in kind.__mro__ if base in SHAPES)
    made = kind.__new__(kind, "x")
    made.args = ("what and why",)
    made.retry_after, made.code, made.param = 2.5, "code", "param"  # what some of them carry
    told = problem_of(made)
    assert told.status == SHAPES[near].status
    assert told.body["error"]["message"] == "what and why"
    assert told.headers.get("Retry-After") == ("3" if issubclass(kind, domain.EngineBusy) else None)
