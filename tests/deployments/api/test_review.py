"""What the review page refuses, without a browser: ids that lead elsewhere, other sites, files that are links."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import httpx
import pytest

from deployments.api.pages.place import id_of
from tasks.domain.results import EditResult
from tasks.inboxes import inboxes
from tasks.settings import settings
from tests.deployments.api.reviewing import reviewing
from tests.reviewing import put_in_review

HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def output(base, monkeypatch):
    """The output whose results are reviewed, in a folder and in a bucket."""
    monkeypatch.setenv("EDIT_FLOWS_OUTPUT", base)
    for one in (settings, inboxes):
        one.cache_clear()
    yield base
    for one in (settings, inboxes):
        one.cache_clear()


@pytest.fixture
def page(output):
    with reviewing() as up, httpx.Client(base_url=up.url, timeout=30) as client:
        yield client


def encoded(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def test_every_picture_of_a_result_is_shown_before_and_after_the_decision(page, output, tmp_path):
    metadata = put_in_review(output, tmp_path / "사진.png")
    for _ in range(2):
        for name in ("before", "after", "sheet", "mask", "small"):
            answer = page.get(f"/review/{id_of(metadata)}/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"] in {"image/png", "image/jpeg"}
            assert answer.headers["x-content-type-options"] == "nosniff"
        page.post(f"/review/{id_of(metadata)}", data={"decision": "approve"}, headers=HERE)
    assert "Approved by kim" in page.get(f"/review/{id_of(metadata)}").text
    assert page.get(f"/review/{id_of(metadata)}/passwords").status_code == 404


def test_no_script_may_run_and_no_other_site_may_frame_it(page, output, tmp_path):
    metadata = put_in_review(output, tmp_path / "a.png")
    for path in ("/review", f"/review/{id_of(metadata)}", "/review/nothing"):
        policy = page.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_another_site_cannot_decide(page, output, tmp_path, headers):
    metadata = put_in_review(output, tmp_path / "a.png")
    answer = page.post(f"/review/{id_of(metadata)}", data={"decision": "approve"}, headers=headers)
    assert answer.status_code == 403
    assert "1 waiting" in page.get("/review").text


def test_a_browser_that_only_names_the_origin_can_decide(page, output, tmp_path):
    metadata = put_in_review(output, tmp_path / "a.png")
    origin = {"Origin": str(page.base_url).rstrip("/")}
    assert page.post(f"/review/{id_of(metadata)}", data={"decision": "reject"}, headers=origin).status_code == 303


@pytest.mark.parametrize("decision", ["", "delete", "approve\n"])
def test_what_is_no_decision_is_refused(page, output, tmp_path, decision):
    metadata = put_in_review(output, tmp_path / "a.png")
    answer = page.post(f"/review/{id_of(metadata)}", data={"decision": decision}, headers=HERE)
    assert answer.status_code == 422
    assert "1 waiting" in page.get("/review").text


@pytest.mark.parametrize("field", ["note", "prompt"])
def test_words_beyond_the_limit_decide_nothing_and_are_told(page, output, tmp_path, field):
    metadata = put_in_review(output, tmp_path / "a.png")
    answer = page.post(f"/review/{id_of(metadata)}", data={"decision": "retry", field: "글" * 2001}, headers=HERE)
    assert answer.status_code == 422
    assert "at most 2000 characters" in answer.text
    assert "1 waiting" in page.get("/review").text


def test_an_id_leads_nowhere_but_to_results_in_review(page, output, tmp_path):
    metadata = put_in_review(output, tmp_path / "a.png")
    outside = put_in_review(str(tmp_path / "elsewhere"), tmp_path / "b.png")
    hostile = [
        outside,
        "/etc/passwd",
        f"{output}/../elsewhere/review/{Path(outside).name}",
        metadata.replace("/review/", "/review/../review/"),
        metadata.replace("/review/", "//review/"),
        f"{output}-evil/review/a-0123456789ab.json",
        f"{output}/review/a\0-0123456789ab.json",
        f"{output}/review/{'x' * 5000}-0123456789ab.json",
        f"file://{metadata}",
        "http://elsewhere.example/review/a-0123456789ab.json",
        metadata.removesuffix(".json"),
    ]
    names = [*map(encoded, hostile), f"{encoded(metadata)}A", f"{encoded(metadata)}=", "%00", "é", "a" * 3000]
    for name in names:
        for path in (f"/review/{name}", f"/review/{name}/before"):
            assert page.get(path).status_code == 404, path
        assert page.post(f"/review/{name}", data={"decision": "approve"}, headers=HERE).status_code == 404, name
    assert page.get(f"/review/{id_of(metadata)}").status_code == 200
    assert Path(outside).exists()


@pytest.mark.parametrize("base", ["local"], indirect=True)
def test_links_out_of_the_review_folder_are_not_followed(page, output, tmp_path):
    outside = put_in_review(str(tmp_path / "elsewhere"), tmp_path / "b.png")
    metadata = Path(put_in_review(output, tmp_path / "a.png"))
    linked = metadata.with_name(Path(outside).name)
    linked.symlink_to(outside)
    Path(output, "linked").symlink_to(tmp_path / "elsewhere")
    for path in (linked, Path(output, "linked", "review", linked.name)):
        assert page.get(f"/review/{id_of(str(path))}").status_code == 404
    assert "1 waiting" in page.get("/review").text
    result = EditResult.model_validate_json(metadata.read_text(encoding="utf-8"))
    picture = Path(result.output.uri)
    picture.unlink()
    picture.symlink_to(tmp_path / "b.png")
    assert page.get(f"/review/{id_of(str(metadata))}/after").status_code == 404


@pytest.mark.parametrize("base", ["local"], indirect=True)
def test_metadata_that_names_a_file_which_is_no_picture_shows_nothing_of_it(page, output, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("key:0123456789abcdef", encoding="utf-8")
    metadata = Path(put_in_review(output, tmp_path / "a.png"))
    result = EditResult.model_validate_json(metadata.read_text(encoding="utf-8"))
    request = result.request.model_copy(update={"image": str(secret)})
    told = result.model_copy(update={"request": request, "sheet_uri": str(secret), "mask_uri": "../../secret.txt"})
    metadata.write_text(told.model_dump_json(), encoding="utf-8")
    for name in ("before", "sheet", "mask", "small"):
        answer = page.get(f"/review/{id_of(str(metadata))}/{name}")
        assert answer.status_code == 404
        assert "0123456789abcdef" not in answer.text


def listed(api) -> set[str]:
    """Addresses of the results that wait."""
    return set(re.findall(r'href="(/review/[\w-]+)"', api.http.get("/review").text))


def test_a_retry_asked_for_on_the_page_becomes_an_edit_of_the_api(api, photo):
    before = listed(api)
    sent = api.http.post(
        "/edits", files={"file": ("사진.png", photo)}, data={"prompt": "Give it a warm look", "approval": "true"}
    )
    edit = sent.raise_for_status().json()["id"]
    assert api.ended(edit)["status"] == "pending"
    (path,) = listed(api) - before
    again = api.http.post(path, data={"decision": "retry", "prompt": "Make it warm and old"}, headers=HERE)
    assert again.status_code == 303
    (run,) = re.findall(r"The other try: ([0-9a-f-]{36})", api.http.get(path).text)
    assert api.ended(run)["status"] == "pending"
    assert api.http.get(f"/edits/{edit}").json()["status"] == "rejected"
    (path,) = listed(api) - before
    assert api.http.post(path, data={"decision": "approve"}, headers=HERE).status_code == 303
    assert "Approved by local" in api.http.get(path).text
    job = api.http.get(f"/edits/{run}").json()
    assert (job["status"], job["prompt"]) == ("accepted", "Make it warm and old")
    assert api.http.get(f"/edits/{run}/image").headers["content-type"] == "image/png"
