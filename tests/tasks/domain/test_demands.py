from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.clauses import QUOTED
from tasks.domain.demands import DEMANDED, PHRASES, Demand, strengthened
from tasks.domain.models import MAX_PROMPT, FailureClass, TextChange
from tasks.domain.wording import Script

SALE = TextChange(old="Sale", new="New")


def quotations(prompt: str) -> list[str]:
    return ["".join(filter(None, found.groups())) for found in QUOTED.finditer(prompt)]


def test_every_failure_has_demands_and_every_demand_a_phrase_in_each_language():
    assert set(DEMANDED) == set(FailureClass)
    assert all(set(PHRASES[demand]) == set(Script) for demand in Demand)


@pytest.mark.parametrize(
    ("prompt", "change", "stronger"),
    [
        (
            "Change the text 'Sale' to 'New'",
            SALE,
            (
                "Change the text 'Sale' to 'New'. Write exactly 'New'. Remove every trace of 'Sale'. "
                "Keep everything else unchanged."
            ),
        ),
        (
            "'여름'을 '겨울'로 바꿔줘",
            TextChange(old="여름", new="겨울"),
            (
                "'여름'을 '겨울'로 바꿔줘. 정확히 '겨울'(이)라고 써줘. '여름' 글자는 흔적 없이 지워줘. "
                "그 밖의 것은 모두 그대로 유지해줘."
            ),
        ),
        (
            "把“夏季”改成“冬季”",
            TextChange(old="夏季", new="冬季"),
            "把“夏季”改成“冬季”。文字必须准确写成“冬季”。彻底去除“夏季”的所有痕迹。其他内容保持完全不变。",
        ),
    ],
)
def test_what_was_wrong_is_demanded_in_the_language_of_the_instruction(prompt, change, stronger):
    assert strengthened(prompt, [change], [FailureClass.TEXT_WRONG, FailureClass.OLD_TEXT_LEFT]) == stronger


def test_the_language_is_that_of_the_instruction_not_of_the_words_on_the_picture():
    stronger = strengthened("Change '여름' to '겨울'", [TextChange(old="여름", new="겨울")], [FailureClass.TEXT_WRONG])
    assert "Write exactly '겨울'." in stronger


def test_words_that_hold_a_quotation_mark_are_quoted_with_another():
    stronger = strengthened("Write it", [TextChange(new="don't")], [FailureClass.TEXT_MISSING])
    assert 'Write exactly "don\'t".' in stronger


def test_old_words_that_are_part_of_the_new_are_not_to_go():
    stronger = strengthened("x", [TextChange(old="Sale", new="Big Sale")], [FailureClass.OLD_TEXT_LEFT])
    assert "trace" not in stronger


def test_a_demand_is_made_once():
    once = strengthened("Make it blue", [], [FailureClass.WRONG_COLOUR])
    assert once != "Make it blue"
    assert strengthened(once, [], [FailureClass.WRONG_COLOUR]) == once


def test_a_demand_that_does_not_fit_is_left_out():
    assert strengthened("x" * MAX_PROMPT, [SALE], list(FailureClass)) == "x" * MAX_PROMPT


WORDS = st.text(st.characters(categories=("L", "N", "Zs"), include_characters="'!%&,.-"), min_size=1, max_size=40)


@given(
    template=st.sampled_from(["Change “{}” to “{}”", "“{}”을 “{}”로 바꿔줘", "把“{}”改成“{}”", "“{}” → “{}”  "]),
    old=WORDS,
    new=WORDS,
    padding=st.integers(0, 2000),
    failures=st.lists(st.sampled_from(FailureClass), max_size=6),
)
def test_a_stronger_instruction_keeps_its_words_and_quotations_and_its_bound(template, old, new, padding, failures):
    prompt = ("please " * padding)[: max(0, MAX_PROMPT - 100)] + template.format(old, new)
    stronger = strengthened(prompt, [TextChange(old=old, new=new)], failures)
    assert len(stronger) <= MAX_PROMPT
    assert stronger.startswith(prompt.rstrip())
    before = quotations(prompt)
    assert quotations(stronger)[: len(before)] == before
    assert set(quotations(stronger)) <= {old, new} | set(before)
