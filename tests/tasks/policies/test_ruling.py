"""A policy that fails is never taken for one that allows."""

from __future__ import annotations

import sys
import time

import pytest
from PIL import Image

from tasks.domain.errors import PolicyAway, PolicyFailed, TransientError
from tasks.domain.models import CheckName, EditRequest, EditType, FailureClass, Verdict
from tasks.domain.policy import ALLOWED, Ruling
from tasks.policies import ruling
from tasks.policies.protocol import Asked, Made
from tests.tasks.policies.classifiers import REDDISH, Odd, Reds, away, slow

REQUEST = EditRequest(image="photo.png", prompt="Make it warm")
PLAIN = Image.new("RGB", (8, 8), "grey")
ASKED = Asked(request=REQUEST, edit_type=EditType.SEMANTIC, source=PLAIN)


def made(colour: str) -> Made:
    return Made(request=REQUEST, edit_type=EditType.SEMANTIC, source=PLAIN, picture=Image.new("RGB", (8, 8), colour))


def test_what_is_said_comes_with_who_said_it():
    assert ruling.before(Reds(), ASKED) == ALLOWED.model_copy(update={"policy": "reds 1"})
    assert ruling.after(Reds(), made("red")) == REDDISH.model_copy(update={"policy": "reds 1"})


@pytest.mark.parametrize("answer", [None, True, "allowed", {"allowed": True}])
def test_what_is_no_ruling_is_no_permission(answer):
    with pytest.raises(PolicyFailed, match="odd 1 failed, so this is not edited"):
        ruling.before(Odd(lambda: answer), ASKED)


def test_whatever_a_policy_raises_is_named_and_no_edit_is_made():
    with pytest.raises(PolicyFailed, match="ZeroDivisionError"):
        ruling.before(Odd(lambda: 1 / 0), ASKED)
    with pytest.raises(PolicyFailed, match="SystemExit"):
        ruling.after(Odd(lambda: sys.exit(0)), made("red"))


def test_a_classifier_that_is_away_may_come_back():
    with pytest.raises(PolicyAway, match="nobody listens") as gone:
        ruling.before(Odd(away), ASKED)
    assert isinstance(gone.value, TransientError)


def test_a_policy_that_gives_no_answer_in_time_is_given_up(monkeypatch):
    monkeypatch.setattr(ruling, "PATIENCE", 0.2)
    begun = time.monotonic()
    with pytest.raises(PolicyAway, match=r"no answer in 0\.2 s"):
        ruling.before(Odd(slow), ASKED)
    assert time.monotonic() - begun < 2


def test_a_denial_needs_a_reason():
    with pytest.raises(ValueError, match="say why"):
        Ruling(allowed=False)


def test_a_ruling_on_a_picture_is_a_check_that_alone_proves_nothing():
    denied = ruling.check_of(ruling.after(Reds(), made("red")))
    assert (denied.name, denied.passed, denied.failure) == (CheckName.POLICY, False, FailureClass.DENIED)
    assert denied.detail == "reds 1: it has become too red"
    allowed = ruling.check_of(ruling.after(Reds(), made("green")))
    assert allowed.passed
    assert not Verdict(checks=(allowed,)).passed
