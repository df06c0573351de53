"""What the setting names becomes a policy, or an error."""

from __future__ import annotations

import pytest

from tasks.domain.errors import PolicyError
from tasks.policies.registry import plugged
from tests.tasks.policies.classifiers import Reds


def test_a_policy_of_ones_own_is_plugged_in_by_its_name_and_made_once():
    policy = plugged("tests.tasks.policies.classifiers:Reds")
    assert isinstance(policy, Reds)
    assert plugged("tests.tasks.policies.classifiers:Reds") is policy


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no_such_package.policy:Mine", "ModuleNotFoundError"),
        ("tests.tasks.policies.classifiers:Missing", "AttributeError"),
        ("tests.tasks.policies.classifiers:broken", "no weights here"),
        ("tests.tasks.policies.classifiers:nothing", "before, after, identity is missing"),
    ],
)
def test_one_that_cannot_be_had_is_an_error_with_its_name(path, said):
    with pytest.raises(PolicyError, match=f"{path}.*{said}"):
        plugged(path)
