"""A clearer wording is used only when nothing that can be compared was changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.clauses import QUOTED
from tasks.domain.errors import EngineError
from tasks.domain.models import MAX_PROMPT
from tasks.engines.assistant.rewriting import LANGUAGES, rewrite
from tests.tasks.engines.assistant.scripted import PICTURE, BrokenVision, ScriptedVision

PROMPTS = (
    st.lists(
        st.sampled_from(
            [
                "Change",
                "the text",
                "'Sale'",
                '"50 %"',
                "“夏”",
                "‘봄’",
                "to",
                "'New'",
                "blue",
                "7",
                "글자를",
                "改成",
                "it's",
                "\n",
            ]
        ),
        min_size=1,
        max_size=8,
    )
    .map(" ".join)
    .filter(str.strip)
)


def quoted(text: str) -> list[str]:
    return ["".join(filter(None, found.groups())) for found in QUOTED.finditer(text)]


@pytest.mark.parametrize(
    ("prompt", "clearer"),
    [
        ("make the car blue", "Recolour the car on the left blue and keep everything else unchanged."),
        (
            "Change 'Summer Sale' to 'Winter Sale'",
            "Replace the headline 'Summer Sale' with 'Winter Sale', keeping its font and position.",
        ),
        (
            "'여름 세일'을 '겨울 세일'로 바꿔줘",
            "포스터 위쪽의 '여름 세일' 문구를 '겨울 세일'로 바꾸고 나머지는 그대로 둬.",
        ),
        ("把“夏季促销”改成“冬季促销”", "把海报顶部的文字“夏季促销”改成“冬季促销”，其他内容保持不变。"),
    ],
)
def test_a_faithful_rewording_is_used(prompt, clearer):
    assert rewrite(ScriptedVision(answer=f"  {clearer}\n"), PICTURE, prompt) == clearer


@pytest.mark.parametrize(
    ("doubt", "prompt", "answer"),
    [
        ("nothing was said", "make the car blue", ""),
        ("a quotation was changed", "Change 'Sale' to 'New'", "Change the text 'Sale' to 'NEW'."),
        ("a quotation was lost", "Change 'Sale' to 'New'", "Change the headline to 'New'."),
        ("a quotation was added", "Remove the text 'Sale'", "Remove the text 'Sale' beside 'Open'."),
        ("quotations changed places", "Change 'Sale' to 'New'", "Change the text 'New' to 'Sale'."),
        ("another language", "자동차를 파랗게 해줘", "Make the car blue."),
        ("another language", "Make the car blue", "把汽车改成蓝色。"),
        ("another colour", "Make the car blue", "Make the car green."),
        ("another number", "Add 3 birds to the sky", "Add 5 birds to the sky."),
        ("another kind", "Remove the tree", "Turn the picture into a watercolour painting."),
        ("more than a sentence or two", "Make the car blue", "Make the car blue. " * 40),
        ("several answers", "Make the car blue", "Sure!\nMake the car blue."),
        ("the form came back", "Make the car blue", "<instruction> Make the car blue </instruction>"),
    ],
)
def test_on_any_doubt_the_words_of_the_user_stand(doubt, prompt, answer):
    assert rewrite(ScriptedVision(answer=answer), PICTURE, prompt) == prompt, doubt


@given(prompt=PROMPTS, answer=PROMPTS)
def test_whatever_the_model_says_quotations_survive_in_their_order(prompt, answer):
    used = rewrite(ScriptedVision(answer=answer), PICTURE, prompt)
    assert quoted(used) == quoted(prompt)
    assert 0 < len(used) <= MAX_PROMPT
    assert used in {prompt, answer.strip()}


def test_no_rewording_is_longer_than_a_prompt_may_be():
    prompt = "Make the car blue " + "x" * (MAX_PROMPT - 18)
    assert rewrite(ScriptedVision(answer=prompt + " now"), PICTURE, prompt) == prompt


@pytest.mark.parametrize(
    ("prompt", "language"),
    [("Make it 'blå'", "the language of the instruction"), ("더 밝게", "Korean"), ("更亮", "Chinese")],
)
def test_the_model_is_told_the_language_and_shown_the_words(prompt, language):
    vision = ScriptedVision(answer=prompt)
    rewrite(vision, PICTURE, prompt)
    assert f"Write in {language}" in vision.questions[0]
    assert prompt in vision.questions[0]
    assert language in LANGUAGES.values()


def test_a_model_that_fails_says_so():
    with pytest.raises(EngineError, match="out of order"):
        rewrite(BrokenVision(), PICTURE, "Make the car blue")
