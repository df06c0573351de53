from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasks.domain.chain import Chain, Step, replanned
from tasks.domain.models import Box, EditType


def steps(*prompts, **fields):
    return tuple(Step(prompt=prompt, **fields) for prompt in prompts)


def test_steps_that_only_replace_text_become_one_edit():
    (one,) = replanned(steps("Change 'A' to 'B'", "把“夏”改成“冬”", "'여름'을 '겨울'로 바꿔줘"))
    assert one.prompt == "Change 'A' to 'B'.\n把“夏”改成“冬”.\n'여름'을 '겨울'로 바꿔줘"


@pytest.mark.parametrize(
    "kept",
    [
        steps("Change 'A' to 'B'", "Change 'B' to 'C'"),
        steps("Change 'A' to 'B'", "Make the background blue"),
        steps("Make the background blue", "Make it a watercolour painting"),
        steps("Change 'A' to 'B' and make the background red", "Change 'C' to 'D'"),
        steps("Change 'A' to 'B'", "Add the text 'C' at the top"),
        steps("Change 'A' to 'B'", "Change 'C' to 'D'", region=Box(0, 0, 10, 10)),
        (Step(prompt="Change 'A' to 'B'", type=EditType.TEXT), Step(prompt="Change 'C' to 'D'")),
        steps("Change 'A' to 'B'", f"Change 'C' to '{'D' * 1980}'"),
    ],
)
def test_steps_whose_order_or_place_may_matter_stay_as_they_are(kept):
    assert replanned(kept) == kept


def test_merged_steps_keep_what_they_are_for():
    one, two = (
        Step(prompt="Change 'A' to 'B'", description="첫째"),
        Step(prompt="Change 'C' to 'D'", description="둘째"),
    )
    assert replanned((one, two))[0].description == "첫째; 둘째"


@pytest.mark.parametrize(
    "fields", [{"steps": []}, {"steps": [{"prompt": " "}]}, {"steps": [{"prompt": "x", "region": [1, 2]}]}, {}]
)
def test_a_chain_that_says_too_little_is_refused(fields):
    with pytest.raises(ValidationError):
        Chain.model_validate(fields)


def test_a_merged_step_needs_approval_when_one_of_its_steps_did():
    plain, asked = steps("Change 'A' to 'B'"), steps("Change 'C' to 'D'", approval=True)
    (one,) = replanned((*plain, *asked))
    assert one.approval
