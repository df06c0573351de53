from __future__ import annotations

import pytest
from PIL import Image

from tasks.domain.wording import normalise
from tasks.engines.text_reader import _rapid, read_text
from tests.drawing import Item, ground, poster

LINES = ("Summer Sale 50%", "欢迎光临本店", "여름 특별 할인")


@pytest.mark.parametrize("kind", ["flat", "slope", "coffee"])
def test_three_languages_on_one_picture_are_read_without_being_told_which(kind):
    picture = poster(kind, *(Item(text, at=(60, 40 + 120 * row), banner="#101828") for row, text in enumerate(LINES)))
    read = [normalise(line.text) for line in read_text(picture)]
    assert read == [normalise(text) for text in LINES]


@pytest.mark.parametrize(
    "text", ["SALE 중", "iPhone 17 출시", "오늘 OPEN", "NEW ARRIVALS", "新品NEW上市", "全场50% OFF"]
)
@pytest.mark.parametrize("kind", ["flat", "rocket"])
def test_lines_of_mixed_scripts_are_read(text, kind):
    assert [normalise(line.text) for line in read_text(poster(kind, Item(text, size=34, fill="#ffd84a")))] == [
        normalise(text)
    ]


def test_boxes_hold_the_lettering_and_little_else():
    (line,) = read_text(poster("flat", Item("안녕하세요", at=(200, 150))))
    assert 180 <= line.box.left <= 205
    assert 400 <= line.box.right <= 450
    assert line.box.top <= 165
    assert line.box.bottom >= 190


@pytest.mark.parametrize("picture", [ground("astronaut"), ground("coffee"), Image.new("RGB", (5, 5)), ground("flat")])
def test_pictures_without_text_give_no_line_worth_believing(picture):
    assert not [line for line in read_text(picture) if line.confidence > 0.6]


def test_a_picture_seen_before_is_not_read_again(monkeypatch):
    picture = poster("flat", Item("Hello again"))
    first = read_text(picture)
    monkeypatch.setattr("tasks.engines.text_reader._read", lambda _: pytest.fail("read twice"))
    assert read_text(picture.copy()) is first


def test_transparency_does_not_disturb():
    picture = poster("flat", Item("Hello there"))
    picture.putalpha(255)
    assert [line.text for line in read_text(picture)] == ["Hello there"]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2000), (2000, 3), (12, 3000)])
def test_ribbons_and_specks_cost_next_to_nothing(size):
    assert read_text(Image.new("RGB", size, "white")) == ()


@pytest.mark.parametrize("text", ["HELLO WORLD", "GOOD MORNING"])
def test_capitals_are_not_taken_for_hangul(text):
    for size in (34, 62):
        read = read_text(poster("flat", Item(text, "LiberationSans-Bold", size, at=(20, 100), fill="#e8d8a0")))
        assert [line.text.replace(" ", "") for line in read] == [text.replace(" ", "")]


def test_threads_that_wait_for_work_leave_the_cpu_to_others():
    read_text(poster("flat", Item("Hello again")))
    for model in (_rapid().text_det, _rapid().text_rec):
        options = model.session.session.get_session_options()
        assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
