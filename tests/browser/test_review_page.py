"""A person who reviews results, in a real browser: looks, decides, by keyboard, in Korean, beside a second one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tasks.domain.results import EditResult, Outcome
from tasks.inboxes import inboxes
from tasks.settings import settings
from tests.browser.conftest import SCREENSHOTS
from tests.deployments.api.reviewing import reviewing
from tests.reviewing import put_in_review

EXAMPLES = Path(__file__).parents[2] / "examples"
HOSTILE = '"><script>document.title="taken"</script><img src=x onerror=alert(1)>'


@pytest.fixture
def output(tmp_path, monkeypatch):
    """The output whose results are reviewed."""
    monkeypatch.setenv("EDIT_FLOWS_OUTPUT", str(tmp_path / "outputs"))
    for one in (settings, inboxes):
        one.cache_clear()
    yield tmp_path / "outputs"
    for one in (settings, inboxes):
        one.cache_clear()


@pytest.fixture
def site(output):
    with reviewing() as up:
        yield up


def washed_out() -> tuple[Image.Image, Image.Image]:
    """The Korean poster before and after an edit that went wrong below the headline."""
    before = Image.open(EXAMPLES / "poster-ko.png").convert("RGB")
    after = before.copy()
    box = (before.width // 3, before.height // 2, before.width, before.height)
    after.paste(after.crop(box).point(lambda value: value // 3 + 150), box)
    return before, after


def stored(place: Path) -> EditResult:
    return EditResult.model_validate_json(place.read_text(encoding="utf-8"))


def test_a_result_is_found_looked_at_and_approved_with_the_keyboard_alone(
    output, site, browser_page, screenshot, tmp_path
):
    before, after = washed_out()
    prompt = "포스터의 하늘을 더 밝게 해줘"
    metadata = Path(put_in_review(str(output), tmp_path / "포스터.png", Outcome.REJECTED, prompt, before, after))
    put_in_review(str(output / "spring"), tmp_path / "b.png")
    said = []
    browser_page.on("console", lambda message: said.append(message.text))
    browser_page.goto(f"{site.url}/review")
    expect(browser_page.get_by_role("heading", name="2 waiting")).to_be_visible()
    for small in browser_page.locator(".items img").all():
        small.evaluate("image => image.decode()")
    screenshot("review-list")
    browser_page.get_by_role("link", name=re.compile(prompt)).focus()
    browser_page.keyboard.press("Enter")
    expect(browser_page.get_by_role("cell", name="structure lost")).to_be_visible()
    for name in ("Before", "After"):
        shown = browser_page.get_by_role("img", name=name, exact=True)
        assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == before.width
    widths = {box["width"] for box in (image.bounding_box() for image in browser_page.locator(".picture img").all())}
    assert len(widths) == 1
    browser_page.locator(".sheet").first.evaluate("image => image.decode()")
    marked = browser_page.locator(".pair rect")
    expect(marked.first).to_be_visible()
    screenshot("review")
    browser_page.get_by_label("Mark what failed").focus()
    browser_page.keyboard.press("Space")
    expect(marked.first).to_be_hidden()
    browser_page.get_by_label("Note").focus()
    browser_page.keyboard.type("the light is as wanted")
    browser_page.keyboard.press("Tab")
    browser_page.keyboard.press("Enter")
    expect(browser_page.get_by_text(re.compile("Approved by kim on"))).to_be_visible()
    screenshot("review-approved")
    delivered = stored(output / metadata.name)
    assert delivered.outcome is Outcome.ACCEPTED
    assert delivered.review is not None
    assert (delivered.review.by, delivered.review.note) == ("kim", "the light is as wanted")
    assert not delivered.attempts[-1].verdict.passed
    assert Image.open(delivered.output.uri).tobytes() == after.tobytes()
    assert not metadata.exists()
    browser_page.keyboard.press("Enter")  # on the next one, which has the focus
    expect(browser_page.get_by_text("waits for approval")).to_be_visible()
    assert said == []


def test_another_try_is_asked_for_in_other_words_and_rejecting_keeps_the_result(output, site, browser_page, tmp_path):
    first = Path(put_in_review(str(output), tmp_path / "a.png"))
    second = Path(put_in_review(str(output), tmp_path / "b.png"))
    browser_page.goto(f"{site.url}/review")
    browser_page.locator(".items a").first.click()
    browser_page.get_by_label("Instruction for another try").fill("Make the sky pink")
    browser_page.get_by_role("button", name="Try again").click()
    expect(browser_page.get_by_text("The other try: run-1")).to_be_visible()
    ((retry, who),) = site.retries
    assert (retry.request.prompt, retry.output, who) == ("Make the sky pink", str(output), "kim")
    sent_back = stored(first).review
    assert sent_back is not None
    assert sent_back.retried == "run-1"
    browser_page.get_by_role("link", name="Next result").click()
    browser_page.get_by_role("button", name="Reject").click()
    expect(browser_page.get_by_text(re.compile("Rejected by kim on"))).to_be_visible()
    rejected = stored(second).review
    assert rejected is not None
    assert rejected.by == "kim"
    browser_page.get_by_role("link", name="All that wait").click()
    expect(browser_page.get_by_text("Nothing waits for a decision.")).to_be_visible()


def test_words_that_are_no_instruction_are_refused_and_what_was_typed_stays(output, site, browser_page, tmp_path):
    metadata = Path(put_in_review(str(output), tmp_path / "a.png"))
    browser_page.goto(f"{site.url}/review")
    browser_page.locator(".items a").first.click()
    browser_page.get_by_label("Note").fill("너무 어둡다")
    browser_page.get_by_label("Instruction for another try").fill("  ")
    browser_page.get_by_role("button", name="Try again").click()
    expect(browser_page.get_by_role("alert")).to_contain_text("the instruction is empty")
    expect(browser_page.get_by_label("Note")).to_have_value("너무 어둡다")
    assert stored(metadata).review is None


def test_of_two_people_the_second_sees_who_decided(output, site, browser_page, tmp_path):
    put_in_review(str(output), tmp_path / "a.png")
    browser_page.goto(f"{site.url}/review")
    browser_page.locator(".items a").first.click()
    site.who = "lee"
    answer = httpx.post(browser_page.url, data={"decision": "approve"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    site.who = "kim"
    browser_page.get_by_role("button", name="Reject").click()
    expect(browser_page.get_by_role("alert")).to_contain_text("Somebody decided before you")
    expect(browser_page.get_by_text(re.compile("Approved by lee on"))).to_be_visible()


@pytest.mark.parametrize(
    ("language", "button", "heading"), [("ko-KR", "승인", "대기 1건"), ("zh-CN", "批准", "1 个待审核")]
)
def test_a_page_speaks_the_language_of_its_reader(output, site, browser_page, tmp_path, language, button, heading):
    put_in_review(str(output), tmp_path / "a.png", prompt="하늘을 빨갛게 바꿔줘")
    page = browser_page.context.browser.new_page(locale=language)
    page.goto(f"{site.url}/review")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.locator(".items a").first.click()
    expect(page.get_by_role("button", name=button, exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == language[:2]
    page.screenshot(path=Path(SCREENSHOTS or tmp_path, f"review-{language[:2]}.png"), full_page=True)


def test_a_hostile_instruction_is_text_and_nothing_more(output, site, browser_page, tmp_path):
    put_in_review(str(output), tmp_path / "a.png", prompt=HOSTILE)
    for path in ("/review", None):
        if path:
            browser_page.goto(site.url + path)
        else:
            browser_page.locator(".items a").first.click()
        expect(browser_page.get_by_text(HOSTILE).first).to_be_visible()
        assert "taken" not in browser_page.title()
        assert browser_page.locator("script").count() == 0


def test_hundreds_are_shown_a_page_at_a_time(output, site, browser_page, screenshot, tmp_path):
    metadata = Path(put_in_review(str(output), tmp_path / "a.png"))
    whole = json.loads(metadata.read_text(encoding="utf-8"))
    sheet = Path(whole["sheet_uri"])
    for number in range(299):
        stem = f"copy-{number:012x}"
        (metadata.parent / f"{stem}-00000000-sheet.jpg").hardlink_to(sheet)
        (metadata.parent / f"{stem}.json").hardlink_to(metadata)
    browser_page.goto(f"{site.url}/review")
    expect(browser_page.get_by_role("heading", name="300 waiting")).to_be_visible()
    assert browser_page.locator(".items li").count() == 24
    browser_page.get_by_role("link", name="Newer").click()
    expect(browser_page.get_by_text("Page 2 of 13")).to_be_visible()
    browser_page.goto(f"{site.url}/review?page=99")
    assert browser_page.locator(".items li").count() == 12
