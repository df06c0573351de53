"""A person in front of the Prefect UI, in a real browser: forms, a run that moves, what it shows."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

from tests.browser.painter import CLUMSY

EXAMPLES = Path(__file__).parents[2] / "examples"
FINISHED = 150.0
"""Seconds a run is given to end, its process included."""


@pytest.fixture
def poster(installation):
    """A picture with a Korean name, beside the results."""
    return small("poster-ko.png", installation.folder / "포스터.png")


def small(example, file):
    """An example of which everything is done sooner."""
    with Image.open(EXAMPLES / example) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(file)
    return file


def open_form(page, installation, name):
    """The form of a deployment, reached as a person reaches it."""
    page.goto(f"{installation.url}/v2/deployments")
    page.get_by_role("link", name=name, exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Custom run", re.IGNORECASE)).click()
    page.get_by_role("button", name="Submit").wait_for()


def fill(page, title, text):
    """The box below a title."""
    page.get_by_label(re.compile(rf"^{title}\b")).first.fill(str(text))


def submit(page, installation):
    """The run that submitting the form began."""
    with page.expect_response(re.compile("/create_flow_run$")) as answer:
        page.get_by_role("button", name="Submit").click()
    assert answer.value.status == 201, answer.value.text()
    run = answer.value.json()["id"]
    page.goto(f"{installation.url}/v2/runs/flow-run/{run}?tab=Artifacts")
    return run


def artifacts(installation, run):
    """What a run has left so far, by key or type."""
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    with installation.client as client:
        return {one.key or one.type: one for one in client.read_artifacts(artifact_filter=wanted)}


def watch(page, installation, run):
    """How far the run was, as seen while it ran; returns when the page says that it is completed."""
    seen, until = [], time.monotonic() + FINISHED
    while not page.get_by_text("Completed", exact=True).first.is_visible():
        assert time.monotonic() < until, "the run did not end"
        if (gauge := artifacts(installation, run).get("progress")) and (gauge.data, gauge.description) not in seen:
            seen.append((gauge.data, gauge.description))
        page.wait_for_timeout(250)
    return seen


def open_artifact(page, installation, run, key):
    """The page of what a run shows, once all of its pictures are drawn."""
    page.goto(f"{installation.url}/v2/artifacts/artifact/{artifacts(installation, run)[key].id}")
    page.locator("main img").first.wait_for()
    for picture in page.locator("main .prose img, main img").all():
        if picture.get_attribute("src"):
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300


def test_a_marketer_fills_in_a_form_watches_the_edit_and_sees_it(installation, browser_page, screenshot, poster):
    page = browser_page
    open_form(page, installation, "edit-image")
    fill(page, "Picture", poster)
    fill(page, "Instruction", "'안녕하세요'를 '환영합니다'로 바꿔줘")
    page.get_by_label("Select Kind of edit").click()
    page.get_by_role("option", name="text", exact=True).click()
    screenshot("edit-image-form")
    run = submit(page, installation)
    seen = watch(page, installation, run)
    assert [percent for percent, _ in seen] == sorted({percent for percent, _ in seen})
    assert any(re.fullmatch(r"attempt 1: step [1-7] of 8", note) for _, note in seen)
    gauge = artifacts(installation, run)["progress"]
    assert (gauge.data, gauge.description) == (100, "accepted")
    page.reload()
    card = page.get_by_alt_text("edit").first
    card.wait_for()
    assert card.evaluate("image => image.naturalWidth") > 100
    screenshot("edit-image-run")
    open_artifact(page, installation, run, "edit")
    expect(page.get_by_role("heading", name="accepted: text edit")).to_be_visible()
    screenshot("edit-image-accepted")


def test_a_rejected_edit_shows_where_and_why(installation, browser_page, screenshot, poster):
    page = browser_page
    open_form(page, installation, "edit-image")
    fill(page, "Picture", poster)
    fill(page, "Instruction", f"'안녕하세요'를 '환영합니다'로 바꿔줘 {CLUMSY}")
    run = submit(page, installation)
    watch(page, installation, run)
    open_artifact(page, installation, run, "edit")
    expect(page.get_by_role("heading", name="rejected: text edit")).to_be_visible()
    wrong = page.get_by_role("row").filter(has_text=re.compile(r"^\s*1\s*\w+\s*no: "))
    expect(wrong).to_have_count(1)
    link = page.get_by_role("link", name="metadata", exact=True)
    assert link.get_attribute("href") == f"http://127.0.0.1:8500/edits/{run}/metadata"
    screenshot("edit-image-rejected")


def test_a_batch_shows_its_chart_its_table_and_its_contact_sheet(installation, browser_page, screenshot, poster):
    page, folder = browser_page, installation.folder
    room = small("room.png", folder / "방.png")
    lines = [
        {"image": str(room), "prompt": "따뜻한 느낌으로 바꿔줘"},
        {"image": str(poster), "prompt": f"'안녕하세요'를 '반갑습니다'로 바꿔줘 {CLUMSY}"},
        {"image": str(folder / "<b>없음</b>.png"), "prompt": "Make it [warm](javascript:alert(1))"},
    ]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    open_form(page, installation, "edit-batch")
    fill(page, "Source", folder / "list.jsonl")
    fill(page, "Instruction", "")
    run = submit(page, installation)
    watch(page, installation, run)
    gauge = artifacts(installation, run)["progress"]
    assert (gauge.data, gauge.description[:19]) == (100, "edit-batch: 3 of 3,")
    open_artifact(page, installation, run, "batch")
    for ended in ("accepted", "rejected", "refused"):
        expect(page.get_by_role("row").filter(has_text=re.compile(rf"png\s*{ended}")).last).to_be_visible()
    assert page.get_by_alt_text("the first of 1 contact sheets").count() == 1
    assert page.locator("main a[href^=javascript]").count() == 0
    screenshot("edit-batch")
