"""What comes over HTTP: requests to the API, and webhooks that are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import cast

import httpx
from fastapi import FastAPI
from hypothesis import strategies as st

from deployments.api.app import create_app
from deployments.api.asking import ensure_told
from deployments.api.desk import Desk
from deployments.api.jobs import Jobs
from deployments.api.problems import Refused
from deployments.api.settings import ApiSettings
from deployments.api.watch import Watch
from tasks.domain.errors import TransientError
from tests.hostile.pictures import seeds
from tests.hostile.surface import Case, Surface, drawn
from tests.hostile.words import text

HOOK = "https://hooks.example/team/"
PATHS = ("/edits", "/edits", "/edit", "/v1/images/edits", "/edits/x/image", "/review/..%2f..", "/nothing")
FIELDS = ("file", "image", "image[]", "mask", "references", "prompt", "seed", "steps", "labels", "webhook", "n", "size")
EDGE = "----edge"


class Away:
    """The jobs of an API whose Prefect server is away: whatever gets so far has passed every check."""

    async def ensure_room(self, _: str) -> None:
        """Room."""

    @asynccontextmanager
    async def room(self, _: str) -> AsyncIterator[None]:
        """Room as well."""
        yield

    async def submit(self, *_: object, **__: object) -> None:
        """Nowhere to."""
        raise TransientError("the Prefect server is away: ask again")

    async def find(self, edit: object, _: str) -> None:
        """Nothing."""
        raise Refused(404, "no_edit", f"there is no edit {edit} of yours: check the id")


@cache
def api(folder: Path) -> FastAPI:
    """The API, with all it does before a run is made."""
    settings = ApiSettings(
        sources=(str(folder / "sources"),), uploads=str(folder / "uploads"), webhooks=(HOOK,), rate="1000000/second"
    )
    app = create_app(settings)
    app.state.desk = Desk(settings, cast("Jobs", Away()), cast("Watch", None), ThreadPoolExecutor(1))
    return app


def request(case: Case, folder: Path) -> None:
    """A request: the answer is a refusal that says what is wrong, in the shape of its route."""
    path, kind, body = case.split(b"\n", 2)
    (folder / "uploads").mkdir(exist_ok=True)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(api(folder))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as web:
            return await web.post(path.decode(), content=body, headers={b"content-type": kind})

    answer = asyncio.run(ask())
    assert 400 <= answer.status_code < 500 or answer.status_code == 503, f"answered {answer.status_code}"
    told = answer.json()
    assert told.get("detail") or told["error"]["message"], f"{told} says nothing"


def webhook(case: Case, folder: Path) -> None:
    """A webhook: one that is taken leads below the place that was listed, as the client that calls it reads it."""
    url = case.decode("utf-8", "surrogatepass")
    settings = ApiSettings(webhooks=(HOOK,), webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    ensure_told(url, Desk(settings, cast("Jobs", None), cast("Watch", None), cast("ThreadPoolExecutor", None)))
    if url:
        called = httpx.Request("POST", url).url
        assert str(called).startswith(HOOK), f"it leads to {called}"


def _form(parts: list[tuple[str, str, str, bytes]], path: str) -> bytes:
    body = b"".join(
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n{kind}\r\n'.encode(errors="replace")
        + content
        + b"\r\n"
        for name, shown, kind, content in parts
    )
    return f"{path}\nmultipart/form-data; boundary={EDGE}\n".encode() + body + f"--{EDGE}--\r\n".encode()


def _cut_body(case: bytes, share: float) -> bytes:
    path, kind, body = case.split(b"\n", 2)
    return b"\n".join((path, kind, body[: int(len(body) * share)]))


_CONTENTS = (
    st.sampled_from(seeds("PNG")) | st.binary(max_size=50) | text.map(lambda word: word.encode(errors="replace"))
)
_PARTS = st.tuples(
    st.sampled_from(FIELDS) | text.map(lambda word: word.replace("\n", "")),
    st.sampled_from(("", '; filename="a.png"', '; filename="../../a"', "; filename*=UTF-8''%ff%00", '; filename="')),
    st.sampled_from(("", "Content-Type: image/png\r\n", "Content-Type: text/html\r\n", "X: \r\n", "\r\n")),
    _CONTENTS,
)
_SOUND = [("file", '; filename="a.png"', "", seeds("PNG")[4]), ("prompt", "", "", b"Make it warm")]
_FORMS = st.builds(
    lambda more, sound, path: _form([*more, *(_SOUND if sound else [])], path),
    st.lists(_PARTS, max_size=5),
    st.booleans(),
    st.sampled_from(PATHS),
)
_KINDS = st.sampled_from((b"multipart/form-data", b"application/json", b"", b"multipart/form-data; boundary=", b"\xff"))
_BODIES = st.builds(
    lambda path, kind, body: b"\n".join((path.encode(), kind, body)), st.sampled_from(PATHS), _KINDS, _CONTENTS
)

_AROUND = (
    "",
    "@127.0.0.1/",
    "..",
    "/../",
    "%2e%2e/",
    "\\",
    "\t",
    "?x",
    "#x",
    ":80@",
    "//127.0.0.1",
    "a",
    "/",
    ".",
    ";",
)
_URLS = st.lists(st.sampled_from(_AROUND) | text, max_size=5).map(lambda parts: HOOK + "".join(parts)) | text


SURFACES = {
    "API": Surface(drawn(_FORMS | st.builds(_cut_body, _FORMS, st.floats(0, 1)) | _BODIES), request, ()),
    "webhook": Surface(drawn(_URLS.map(lambda url: url.encode("utf-8", "surrogatepass"))), webhook, (Refused,)),
}
