"""A server on loopback that answers each request with the next line of a script, and remembers what it was asked."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from tasks.domain.models import EngineIdentity
from tasks.domain.traits import Traits

REMOTE = EngineIdentity(name="qwen", model="Qwen/Qwen-Image-Edit-2511", revision="abc", stand_in=False)
HEALTH = {
    "status": "ready",
    "engine": REMOTE.model_dump(mode="json"),
    "traits": Traits(works_at=1_000_000, multiple=32, references=2).model_dump(mode="json"),
    "vision": True,
    "queue": {"waiting": 0},
}


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    texts: dict[str, str] = field(default_factory=dict)
    files: list[tuple[str, Image.Image]] = field(default_factory=list)


Line = Callable[[BaseHTTPRequestHandler, Asked], None]


class ScriptedServer:
    """`script` is consumed by POST requests; GET /health answers `health`."""

    def __init__(self) -> None:
        self.script: list[Line] = []
        self.health: tuple[int, bytes] = (200, json.dumps(HEALTH).encode())
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.gone = threading.Event()
        """Set when a client went away while events were sent."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.asked.append(Asked("GET", self.path, dict(self.headers), b""))
                status, body = owner.health if self.path == "/health" else (200, owner.files[self.path])
                send(self, status, body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                asked = Asked("POST", self.path, dict(self.headers), body)
                _understand(asked)
                owner.asked.append(asked)
                owner.script.pop(0)(self, asked)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def posted(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == "POST"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def refusing(status: int, code: str | None = None, *, param: str | None = None, **headers: str) -> Line:
    """Answers with an error in OpenAI's shape."""
    body = json.dumps({"error": {"message": f"it is {code}", "type": "t", "param": param, "code": code}}).encode()
    return lambda handler, _: send(handler, status, body, **headers)


def saying(status: int, body: bytes) -> Line:
    """Answers with these bytes."""
    return lambda handler, _: send(handler, status, body)


def hanging_up(handler: BaseHTTPRequestHandler, _: Asked) -> None:
    """Ends the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def document(**more: object) -> Line:
    """Answers with the first picture it was sent, upside down, in a JSON document."""

    def line(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        data = [{"b64_json": encoded(turned(asked)), "url": None}]
        send(handler, 200, json.dumps({"created": 1, "data": data, **more}).encode())

    return line


def streaming(server: ScriptedServer, *events: tuple[str, dict[str, Any]] | float, picture: bool = True) -> Line:
    """Sends these events one by one, waiting where a number of seconds stands, then the picture upside down."""

    def line(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.send_header("Connection", "close")
        handler.end_headers()
        last = {
            "b64_json": encoded(turned(asked)),
            "engine": REMOTE.model_dump(),
            "notes": {"made": "here"},
            "seed": 1,
            "seconds": 2.5,
        }
        try:
            for event in [*events, *([("image_edit.completed", last)] if picture else [])]:
                if isinstance(event, float):
                    server.gone.wait(event)
                    continue
                kind, told = event
                handler.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **told})}\n\n".encode())
                handler.wfile.flush()
        except OSError:
            server.gone.set()
        handler.close_connection = True

    return line


def turned(asked: Asked) -> Image.Image:
    return asked.files[0][1].transpose(Image.Transpose.ROTATE_180)


def encoded(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _understand(asked: Asked) -> None:
    """The fields of a multipart form."""
    kind = asked.headers.get("Content-Type", "")
    if not kind.startswith("multipart/form-data"):
        return
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename():
            asked.files.append((name, Image.open(io.BytesIO(content)).copy()))
        else:
            asked.texts[name] = content.decode()
