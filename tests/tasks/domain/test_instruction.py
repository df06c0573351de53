from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import lexicon
from tasks.domain.instruction import EXAMPLES, Action, parse, unread
from tasks.domain.models import TextChange


@pytest.mark.parametrize(
    ("action", "prompt"), [(action, prompt) for action, prompts in EXAMPLES.items() for prompt in prompts]
)
def test_every_documented_example_is_understood(action, prompt):
    assert [operation.action for operation in parse(prompt)] == [action]
    assert not unread(prompt)


def test_every_action_has_an_example_in_each_language():
    assert set(EXAMPLES) == set(Action)


@pytest.mark.parametrize(
    "prompt",
    [
        "Change the text '안녕하세요' to '환영합니다' while maintaining the original font style",
        "Replace “안녕하세요” with “환영합니다”.",
        "'안녕하세요'를 '환영합니다'로 바꿔줘",
        "「안녕하세요」를 「환영합니다」로 수정해 주세요, 글꼴은 유지하고",
        "把“안녕하세요”改成“환영합니다”，字体保持不变",
        '将"안녕하세요"替换为"환영합니다"',
    ],
)
def test_old_and_new_wording_are_found_in_any_language_and_quotes(prompt):
    (operation,) = parse(prompt)
    assert operation.action is Action.REPLACE_TEXT
    assert operation.text == TextChange(old="안녕하세요", new="환영합니다")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Add the text 'SALE' at the top right in red", {"place": "top-right", "colour": "red"}),
        ("왼쪽 아래에 '세일'을 파란색으로 써줘", {"place": "bottom-left", "colour": "blue"}),
        ("Remove the object in the red box", {"marked_by": "red", "colour": None}),
        ("파란 박스 안의 물체를 지워줘", {"marked_by": "blue"}),
        ("删除绿色框里的物体", {"marked_by": "green"}),
        ("Make the background #ff8800", {"subject": "background", "colour": "#ff8800"}),
        ("Change the red car to dark blue", {"subject": "red", "colour": "navy"}),
        ("Transform into Studio Ghibli animation style", {"style": "cartoon"}),
        ("Add a caption box that says 'Hello' at the bottom", {"thing": "caption box", "place": "bottom"}),
    ],
)
def test_places_markers_colours_and_things_become_keys(prompt, expected):
    (operation,) = parse(prompt)
    assert {key: getattr(operation, key) for key in expected} == expected


def test_several_requests_become_operations_in_their_order():
    actions = [operation.action for operation in parse("Replace 'A' with 'B' and make it a watercolour painting")]
    assert actions == [Action.REPLACE_TEXT, Action.STYLE]


def test_a_request_that_is_not_understood_is_reported_and_not_dropped_in_silence():
    prompt = "Replace 'A' with 'B' and turn the cat into a dragon"
    assert len(parse(prompt)) == 1
    assert unread(prompt) == ("turn the cat into a dragon",)


@pytest.mark.parametrize("prompt", ["Make her smile", "Rotate the chair", "让猫坐下", "의자를 돌려줘", "", "⟦⟧ ⟦⟧"])
def test_what_is_outside_the_vocabulary_gives_nothing(prompt):
    assert parse(prompt) == ()


@given(st.text(max_size=200))
def test_parsing_never_fails(prompt):
    parse(prompt)
    unread(prompt)


def test_keys_are_colours_and_looks_the_picture_code_knows():
    from tasks.engines.classical.looks import LOOKS
    from tasks.engines.classical.objects import DRAWINGS
    from tasks.imaging.palette import NAMED

    assert set(lexicon.COLOURS) == set(NAMED)
    assert set(lexicon.STYLES) == set(LOOKS)
    assert set(lexicon.THINGS) == set(DRAWINGS)


@pytest.mark.parametrize(
    "prompt",
    ["Don't remove the text 'SALE'", "Never blur the background", "'품절' 문구를 지우지 마세요", "不要删除文字“售罄”"],
)
def test_what_must_not_be_done_is_never_done(prompt):
    assert parse(prompt) == ()


def test_what_must_not_be_done_beside_a_request_does_not_stand_in_its_way():
    actions = [operation.action for operation in parse("Blur the background, but don't remove the logo")]
    assert actions == [Action.BLUR]
    assert not unread("Blur the background, but don't remove the logo")


def test_what_is_reported_back_holds_the_quotations():
    assert unread("Rotate the word 'SALE'") == ("rotate the word 'SALE'",)
