from __future__ import annotations

import io
import json
import os
import signal
import time
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from PIL import Image

from tests.deployments.api.running import Obedient, running


def ask(api, photo, prompt="Give it a warm look", headers=None, **fields):
    texts = {"prompt": prompt, "edit_type": "semantic", **{name: str(value) for name, value in fields.items()}}
    return api.http.post("/edits", data=texts, files={"file": ("사진 1.png", photo)}, headers=headers)


def new(prompt: str) -> str:
    """An instruction nobody has asked before."""
    return f"{prompt} {uuid4()}"


def test_a_job_is_taken_at_once_and_tells_how_it_ends(api, photo) -> None:
    taken = ask(api, photo, output_format="jpeg")

    assert taken.status_code == 202
    assert taken.headers["location"] == f"/edits/{taken.json()['id']}"
    assert taken.json()["status"] == "queued"
    job = api.ended(taken.json()["id"])
    assert (job["status"], job["progress"], job["attempts"]) == ("accepted", 1.0, 1)
    assert all(check["passed"] for check in job["verdict"]["checks"])
    picture = api.http.get(job["links"]["image"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.content)).size == (256, 256)
    assert api.http.get(job["links"]["sheet"]).headers["content-type"] == "image/jpeg"


def test_metadata_are_those_beside_the_picture(api, photo) -> None:
    edit = ask(api, photo, labels=json.dumps({"캠페인": "겨울"}), quality="full").json()["id"]
    api.ended(edit)

    told = api.http.get(f"/edits/{edit}/metadata").json()

    assert told["request"]["metadata"] == {"캠페인": "겨울"}
    assert told["request"]["quality"] == "full"
    beside = json.loads(Path(told["metadata_uri"]).read_text())
    assert told["identity"] == beside["identity"]
    assert "사진" not in told["output"]["uri"]


def test_guidance_steps_and_seed_reach_the_engine(api, photo) -> None:
    edit = ask(api, photo, new("Warm"), cfg_scale=2.5, steps=7, seed=11).json()["id"]
    api.ended(edit)

    plan = Obedient.plans[-1]

    assert (plan.cfg_scale, plan.steps, plan.seed) == (2.5, 7, 11)


def test_a_rejected_picture_is_told_of_and_not_given(api, photo) -> None:
    edit = ask(api, photo, new("unchanged")).json()["id"]
    job = api.ended(edit)

    refused = api.http.get(f"/edits/{edit}/image")

    assert job["status"] == "rejected"
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "edit_rejected"
    assert "unchanged" in {check.get("failure") for check in refused.json()["verdict"]["checks"]}
    assert api.http.get(f"/edits/{edit}/sheet").status_code == 200


def test_a_failed_edit_says_why(api, photo) -> None:
    job = api.ended(ask(api, photo, new("break")).json()["id"])

    assert job["status"] == "failed"
    assert "on strike" in job["error"]


def test_the_same_idempotency_key_is_one_edit(api, photo) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    first, second = ask(api, photo, headers=key), ask(api, photo, headers=key)
    other = ask(api, photo, "Give it a cold look", headers=key)

    assert first.json()["id"] == second.json()["id"]
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_mismatch"


def test_a_running_edit_is_cancelled_within_seconds_and_others_go_on(api, photo) -> None:
    slow = ask(api, photo, new("slow")).json()["id"]
    other = ask(api, photo, new("slow too")).json()["id"]
    while api.http.get(f"/edits/{slow}").json()["status"] != "running":
        time.sleep(0.1)
    begun = time.monotonic()

    api.http.post(f"/edits/{slow}/cancel")

    assert api.ended(slow)["status"] == "cancelled"
    assert time.monotonic() - begun < 4
    assert api.ended(other)["status"] == "accepted"
    assert api.http.post(f"/edits/{slow}/cancel").status_code == 409
    assert api.http.get(f"/edits/{slow}/image").json()["code"] == "cancelled"


def test_a_waiting_edit_is_cancelled_at_once(api, photo) -> None:
    edits = [ask(api, photo, new("slow")).json()["id"] for _ in range(4)]

    last = api.http.post(f"/edits/{edits[-1]}/cancel").json()

    assert last["status"] == "cancelled"
    for edit in edits[:-1]:
        api.http.post(f"/edits/{edit}/cancel")


def test_what_is_not_finished_is_not_given(api, photo) -> None:
    edit = ask(api, photo, new("slow")).json()["id"]

    early = api.http.get(f"/edits/{edit}/image")

    assert early.status_code == 409
    assert early.headers["retry-after"]
    api.http.post(f"/edits/{edit}/cancel")


def test_progress_moves_with_the_steps(api, photo) -> None:
    edit = ask(api, photo, new("slow")).json()["id"]
    seen = set()
    while (job := api.http.get(f"/edits/{edit}").json())["status"] in {"queued", "running"}:
        seen.add(job["progress"])
        time.sleep(0.2)

    assert len(seen) > 2
    assert any("step" in api.http.get(f"/edits/{edit}").json()["step"] or 0 < value < 1 for value in seen)


def test_edits_are_listed_the_youngest_first(api, photo) -> None:
    first = ask(api, photo, new("Warm")).json()["id"]
    api.ended(first)
    second = ask(api, photo, new("unchanged")).json()["id"]
    api.ended(second)

    listed = [job["id"] for job in api.http.get("/edits", params={"limit": 2}).json()["edits"]]
    rejected = api.http.get("/edits", params={"status": "rejected", "limit": 100}).json()["edits"]

    assert listed == [second, first]
    assert second in {job["id"] for job in rejected}
    assert {job["status"] for job in rejected} == {"rejected"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": " "}, "prompt"),
        ({"cfg_scale": 99}, "cfg_scale"),
        ({"steps": "many"}, "steps"),
        ({"edit_type": "magic"}, "edit_type"),
        ({"quality": "magic"}, "quality"),
        ({"labels": "[1]"}, "labels"),
        ({"image": "s3://elsewhere/a.png"}, "file"),
        ({"webhook": "http://169.254.169.254/latest"}, "webhook"),
    ],
)
def test_a_wrong_field_is_named(api, photo, fields, field) -> None:
    refused = ask(api, photo, **fields)

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["field"].startswith(field)


@pytest.mark.parametrize("image", ["/etc/passwd", "http://127.0.0.1/a.png", "../secret.png", "s3://bucket/a.png"])
def test_nothing_is_fetched_on_the_word_of_a_client(api, image) -> None:
    refused = api.http.post("/edits", data={"prompt": "Warm", "image": image})

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["field"] == "image"


def test_a_file_that_is_no_picture_is_refused_before_anything_is_kept(api) -> None:
    refused = api.http.post("/edits", data={"prompt": "Warm"}, files={"file": ("../../etc/x.png", b"no picture")})

    assert refused.status_code == 400
    assert refused.json()["code"] == "invalid_image"


def test_an_unknown_edit_is_not_there(api) -> None:
    assert api.http.get(f"/edits/{uuid4()}").status_code == 404


def test_no_edit_is_lost_when_the_api_is_killed(prefect_server, obedient, photo, tmp_path) -> None:
    with running(tmp_path, obedient.url) as api:
        edits = [ask(api, photo, new("slow")).json()["id"] for _ in range(2)]
        while api.http.get(f"/edits/{edits[0]}").json()["status"] != "running":
            time.sleep(0.1)
        os.kill(api.process.pid, signal.SIGKILL)
    with running(tmp_path, obedient.url) as again:
        ends = [again.ended(edit)["status"] for edit in edits]

    assert ends == ["accepted", "accepted"]


def test_an_edit_whose_process_dies_is_done_by_another(api, photo) -> None:
    edit = ask(api, photo, new("slow")).json()["id"]
    while api.http.get(f"/edits/{edit}").json()["progress"] == 0:
        time.sleep(0.1)
    for child in psutil.Process(api.process.pid).children(recursive=True):
        if "deployments.api.resident" in " ".join(child.cmdline()):
            child.kill()

    assert api.ended(edit)["status"] == "accepted"
