from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.classification import classify
from tasks.domain.models import EditType

DATA = Path(__file__).parents[2] / "data"


def labelled(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


LABELLED = labelled("instructions.jsonl")
"""What the rules were written on."""
HELD_OUT = labelled("instructions_held_out.jsonl")
"""Written by somebody who had not seen the rules, and never used to change them: the figure to quote."""


def test_the_labelled_list_is_large_and_even_enough_to_mean_something():
    languages = Counter(row["language"] for row in LABELLED)
    assert set(languages) == {"en", "ko", "zh"}
    assert min(languages.values()) >= 50
    kinds = Counter((row["language"], row["edit_type"]) for row in LABELLED)
    assert min(kinds.values()) >= 12
    assert len(kinds) == 12


@pytest.mark.parametrize("language", ["en", "ko", "zh"])
@pytest.mark.parametrize("rows", [LABELLED, HELD_OUT], ids=["labelled", "held out"])
def test_at_least_95_of_100_instructions_are_told_right_in_each_language(rows, language):
    rows = [row for row in rows if row["language"] == language]
    wrong = [row["prompt"] for row in rows if classify(row["prompt"]).edit_type != row["edit_type"]]
    assert len(wrong) <= 0.05 * len(rows), wrong


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Change 'Winter is coming' to 'Spring is here'", EditType.TEXT),
        ("Make it watercolor while keeping the title text unchanged", EditType.SEMANTIC),
        ("배경은 그대로 두고 셔츠만 빨간색으로 바꿔줘", EditType.APPEARANCE),
        ("不要改变风格，把帽子换成红色", EditType.APPEARANCE),
        ("Add a watercolor flower to the vase", EditType.APPEARANCE),
        ("Give the wall a rough texture", EditType.APPEARANCE),
        ("Don't touch the women's faces, just blur the background", EditType.APPEARANCE),
        ("Make it black and white", EditType.SEMANTIC),
        ("'지브리' 스타일로 바꿔줘", EditType.SEMANTIC),
        ("인스타그램용으로 사진을 vintage style로 바꿔줘", EditType.SEMANTIC),
    ],
)
def test_misleading_words_do_not_mislead(prompt, kind):
    assert classify(prompt).edit_type is kind


@given(st.text(max_size=300))
def test_any_text_gets_an_answer_the_same_one_each_time(prompt):
    found = classify(prompt)
    assert found == classify(prompt)
    assert 0 <= found.confidence <= 1
    assert found.reason


@given(st.text(max_size=60), st.sampled_from(list(EditType)))
def test_a_named_kind_always_wins(prompt, kind):
    found = classify(prompt, kind)
    assert (found.edit_type, found.confidence) == (kind, 1.0)


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="'\n\r\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"),
        min_size=1,
        max_size=40,
    )
)
def test_what_is_quoted_is_content_and_changes_nothing(content):
    assert classify(f"Change the text 'A' to '{content.strip() or 'B'}'").edit_type is EditType.TEXT


def test_words_nobody_knows_give_the_strictest_kind_without_conviction():
    found = classify("xyzzy plugh")
    assert found.edit_type is EditType.APPEARANCE
    assert found.confidence < 0.3
