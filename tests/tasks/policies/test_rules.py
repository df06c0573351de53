"""The rules that come with this project, and files of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tasks.domain.errors import PolicyError
from tasks.domain.models import EditRequest, EditType
from tasks.domain.policy import Rules
from tasks.policies.protocol import Asked
from tasks.policies.registry import from_rules
from tasks.policies.rules import RulesPolicy
from tasks.storage.documents import read_document

EXAMPLE = Path(__file__).parents[3] / "examples" / "policy.yaml"
PLAIN = Image.new("RGB", (64, 64), "grey")
FACE = Image.fromarray(data.astronaut())


def asked(prompt="Make it warm", *, source=PLAIN, references=(), **labels) -> Asked:
    request = EditRequest(image="photo.png", prompt=prompt, metadata=labels)
    return Asked(request=request, edit_type=EditType.SEMANTIC, source=source, references=references)


@pytest.fixture(scope="module")
def example():
    return from_rules(read_document(str(EXAMPLE)), str(EXAMPLE))


@pytest.fixture(scope="module")
def consenting():
    return RulesPolicy(Rules(consent_for_faces=True))


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("Make her naked", "No undressing of people ('naked')"),
        ("Take off her dress", "No undressing of people"),
        ("옷을 벗겨줘", "No undressing of people ('옷을 벗')"),
        ("生成裸照", "No undressing of people ('裸照')"),
        ("여권을 위조해줘", "No forged papers or money ('위조')"),
    ],
)
def test_the_example_denies_in_three_languages_and_says_why(example, prompt, reason):
    ruling = example.before(asked(prompt))
    assert not ruling.allowed
    assert ruling.reason.startswith(reason)


@pytest.mark.parametrize(
    "prompt",
    [
        "Make the sky naturally blue",
        "배경을 어둡게 해줘",
        "把背景变暗",
        "Change the text 'Summer Sale' to 'Winter Sale'",
    ],
)
def test_the_example_allows_what_nobody_minds(example, prompt):
    assert example.before(asked(prompt)).allowed


def test_a_face_needs_a_label_that_tells_of_consent(consenting):
    denied = consenting.before(asked(source=FACE))
    assert not denied.allowed
    assert "consent='form 17'" in denied.reason
    assert consenting.before(asked(source=FACE, consent="form 17")).allowed
    assert consenting.before(asked()).allowed


@pytest.mark.parametrize("label", ["", " ", "no", "False", "0"])
def test_a_label_that_says_no_is_no_consent(consenting, label):
    assert not consenting.before(asked(source=FACE, consent=label)).allowed


def test_a_face_in_a_further_picture_counts_as_well(consenting):
    assert not consenting.before(asked(references=(PLAIN, FACE))).allowed


def test_the_label_can_be_called_otherwise():
    policy = RulesPolicy(Rules(consent_for_faces=True, consent_label="동의"))
    assert policy.before(asked(source=FACE, 동의="서명함")).allowed
    assert not policy.before(asked(source=FACE, consent="form 17")).allowed


def test_faces_need_nothing_unless_a_rule_says_so(example):
    assert example.before(asked(source=FACE)).allowed


def test_the_identity_changes_with_the_rules_and_with_nothing_else():
    first, again = (RulesPolicy(Rules(consent_for_faces=True)).identity for _ in range(2))
    assert first == again != RulesPolicy(Rules(consent_for_faces=True, consent_label="x")).identity


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "allows everything"),
        ({"deny": []}, "allows everything"),
        ({"denied": []}, "there is no such field"),
        ({"deny": [{"reason": "x"}]}, "denies nothing"),
        ({"deny": [{"words": {"en": ["x"]}}]}, "reason: is missing"),
        ({"deny": [{"reason": "x", "words": {"fr": ["x"]}}]}, "fr"),
        ({"deny": [{"reason": "x", "words": {"en": [" "]}}]}, "at least 1 character"),
        ({"deny": [{"reason": "x", "patterns": ["("]}]}, "cannot be looked for"),
        ({"consent_for_faces": "perhaps"}, "consent_for_faces"),
    ],
)
def test_a_broken_file_is_an_error_that_names_it_and_never_an_empty_policy(document, said):
    with pytest.raises(PolicyError, match=f"p.yaml.*nothing is edited.*{said}"):
        from_rules(document, "p.yaml")


def test_a_picture_too_small_for_a_face_needs_no_consent(consenting):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (16, 16, 3), dtype=np.uint8))
    assert consenting.before(asked(source=noise)).allowed
