from __future__ import annotations

import io
from uuid import uuid4

from PIL import Image

from tests.deployments.api.running import Obedient


def edit(api, photo, prompt="Give it a warm look", headers=None, **fields):
    texts = {"prompt": prompt, "edit_type": "semantic", **{name: str(value) for name, value in fields.items()}}
    return api.http.post("/edit", data=texts, files={"file": ("photo.png", photo)}, headers=headers)


def test_the_picture_comes_back_checked(api, photo) -> None:
    answer = edit(api, photo)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (256, 256)
    job = api.http.get(f"/edits/{answer.headers['x-edit-id']}").json()
    assert job["status"] == "accepted"


def test_guidance_and_steps_reach_the_plan(api, photo) -> None:
    edit(api, photo, f"Warm {uuid4()}", cfg_scale=6.5, steps=33)

    assert (Obedient.plans[-1].cfg_scale, Obedient.plans[-1].steps) == (6.5, 33)


def test_a_picture_that_did_not_pass_is_an_error_with_its_verdict(api, photo) -> None:
    answer = edit(api, photo, f"unchanged {uuid4()}")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert not answer.json()["verdict"]["passed"]


def test_an_engine_that_fails_is_an_error_of_the_server(api, photo) -> None:
    answer = edit(api, photo, f"break {uuid4()}")

    assert answer.status_code == 500
    assert answer.json()["code"] == "engine_error"


def test_who_does_not_want_to_wait_gets_a_job(api, photo) -> None:
    at_once = edit(api, photo, f"slow {uuid4()}", headers={"Prefer": "respond-async"})
    later = edit(api, photo, f"slow {uuid4()}", headers={"Prefer": "wait=1"})

    for answer in (at_once, later):
        assert answer.status_code == 202
        assert api.ended(answer.headers["location"].rpartition("/")[2])["status"] == "accepted"
