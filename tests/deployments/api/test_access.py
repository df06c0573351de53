from __future__ import annotations

import base64

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from deployments.api.access import Admit, Gate, caller
from deployments.api.metrics import ApiMetrics
from deployments.api.problems import Refused, answer_problems
from deployments.api.settings import ApiSettings, keys_of

ANNA, BORA = "a" * 24, "b" * 24


async def anybody(_: str) -> None:
    """There is room."""


def client(room: Admit = anybody, **settings) -> TestClient:
    chosen = ApiSettings(**settings)
    app = FastAPI()
    answer_problems(app)
    app.add_middleware(Gate, settings=chosen, keys=keys_of(chosen), metrics=ApiMetrics(), ensure_room=room)

    @app.api_route("/edits", methods=["GET", "POST"])
    @app.get("/review")
    @app.post("/v1/images/edits")
    @app.get("/health")
    async def whose(request: Request) -> dict[str, str]:
        await request.body()
        return {"caller": caller(request)}

    return TestClient(app, base_url="http://localhost")


def test_a_key_is_known_by_its_secret_shown_as_bearer_or_basic() -> None:
    web = client(keys=f"anna:{ANNA},보라:{BORA}")
    basic = base64.b64encode(f"whoever:{BORA}".encode()).decode()

    assert web.get("/edits", headers={"Authorization": f"Bearer {ANNA}"}).json() == {"caller": "anna"}
    assert web.get("/edits", headers={"Authorization": f"bearer  {BORA}"}).json() == {"caller": "보라"}
    assert web.get("/edits", headers={"Authorization": f"Basic {basic}"}).json() == {"caller": "보라"}


@pytest.mark.parametrize(
    "shown", ["", "Bearer", f"Bearer {ANNA[:-1]}", f"Token {ANNA}", "Basic !!!", "Basic YQ==", "Bearer ÿ"]
)
def test_without_a_right_key_nothing_is_answered_but_health(shown) -> None:
    web = client(keys=f"anna:{ANNA}")

    refused = web.get("/edits", headers={"Authorization": shown.encode("latin-1")})

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/problem+json"
    assert web.get("/health").status_code == 200


def test_browsers_are_told_to_ask_for_the_key() -> None:
    assert client(keys=f"anna:{ANNA}").get("/review").headers["www-authenticate"].startswith("Basic")


def test_under_v1_errors_have_openais_shape() -> None:
    refused = client(keys=f"anna:{ANNA}").post("/v1/images/edits")

    assert refused.json()["error"]["code"] == "no_key"


def test_without_keys_only_this_machine_is_answered() -> None:
    web = client()

    assert web.get("/edits").json() == {"caller": "local"}
    assert web.get("/edits", headers={"Host": "evil.example:8500"}).status_code == 403
    assert web.get("/edits", headers={"Host": "[::1]:8500"}).status_code == 200


def test_a_page_of_another_site_cannot_make_work() -> None:
    web = client()

    assert web.post("/edits", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert web.post("/edits", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(told) -> None:
    body = b"x" * 3000

    refused = client(max_bytes=2000).post("/edits", content=body if told else iter([body[:1500], body[1500:]]))

    assert refused.status_code == 413


def test_a_full_queue_refuses_edits_and_answers_everything_else() -> None:
    async def full(name: str) -> None:
        raise Refused(429, "queue_full", f"no room for {name}")

    web = client(full)

    assert web.post("/edits", content=b"12345").json()["detail"] == "no room for local"
    assert web.get("/edits").status_code == 200


def test_work_is_limited_by_key_and_looking_is_not() -> None:
    web = client(keys=f"anna:{ANNA},bora:{BORA}", rate="2/hour")
    anna, bora = ({"Authorization": f"Bearer {secret}"} for secret in (ANNA, BORA))

    answers = [web.post("/edits", headers=anna).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    refused = web.post("/edits", headers=anna)
    assert 3000 < int(refused.headers["retry-after"]) <= 3600
    assert web.get("/edits", headers=anna).status_code == 200
    assert web.post("/edits", headers=bora).status_code == 200
