"""The policy that the setting names is looked up for every edit."""

from __future__ import annotations

import pytest

from tasks.domain.errors import PolicyError
from tasks.policies.rules import RulesPolicy
from tasks.policing import policy_in_force
from tasks.storage import files


@pytest.fixture
def setting(monkeypatch):
    return lambda value: monkeypatch.setenv("EDIT_FLOWS_POLICY", value)


def test_without_a_setting_there_is_none(monkeypatch, setting):
    monkeypatch.delenv("EDIT_FLOWS_POLICY", raising=False)
    assert policy_in_force() is None
    setting("  ")
    assert policy_in_force() is None


def test_rules_lie_in_a_folder_or_a_bucket_and_a_changed_file_holds_at_once(base, setting):
    place = files.join(base, "policy.yaml")
    setting(place)
    files.replace(place, b"consent_for_faces: true\n")
    first = policy_in_force()
    assert isinstance(first, RulesPolicy)
    assert policy_in_force() is first
    files.replace(place, b"consent_for_faces: true\nconsent_label: form\n")
    changed = policy_in_force()
    assert changed is not None
    assert changed.identity != first.identity


@pytest.mark.parametrize("content", [b"deny: [", b"", b"- nude\n", b"\xff\xfe", b"!!python/object:os.system x"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, setting, content):
    (tmp_path / "policy.yaml").write_bytes(content)
    setting(str(tmp_path / "policy.yaml"))
    with pytest.raises(PolicyError, match="nothing is edited"):
        policy_in_force()


def test_a_file_that_is_not_there_is_an_error(tmp_path, setting):
    setting(str(tmp_path / "gone.yaml"))
    with pytest.raises(PolicyError, match=r"gone\.yaml"):
        policy_in_force()
