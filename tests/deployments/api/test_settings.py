from __future__ import annotations

import pytest

from deployments.api.settings import api_settings, keys_of
from tasks.domain.errors import SettingsError

SECRET = "0123456789abcdef"


def test_keys_come_from_the_environment_and_a_file(monkeypatch, tmp_path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# the team\n보라:{SECRET}\n\n", encoding="utf-8")
    monkeypatch.setenv("EDIT_FLOWS_API_KEYS", f"anna:{SECRET}:x, team.1:{SECRET}2")
    monkeypatch.setenv("EDIT_FLOWS_API_KEYS_FILE", str(file))

    assert [key.name for key in keys_of(api_settings())] == ["anna", "team.1", "보라"]


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ("anna:short", "16 plain characters"),
        (SECRET, "name:secret"),
        (f"an na:{SECRET}", "name:secret"),
        (f"a:{SECRET},a:{SECRET}2", "twice"),
    ],
)
def test_what_is_no_key_is_refused_without_telling_it(monkeypatch, keys, wrong) -> None:
    monkeypatch.setenv("EDIT_FLOWS_API_KEYS", keys)

    with pytest.raises(SettingsError, match=wrong) as refused:
        keys_of(api_settings())
    assert SECRET not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("EDIT_FLOWS_API_KEYS_FILE", str(tmp_path / "none"))

    with pytest.raises(SettingsError, match="EDIT_FLOWS_API_KEYS_FILE"):
        keys_of(api_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [("RATE", "many"), ("WEBHOOKS", "https://host.example"), ("QUEUE", "0"), ("PATIENCE", "-1"), ("LIMIT", "5")],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value) -> None:
    monkeypatch.setenv(f"EDIT_FLOWS_API_{name}", value)

    with pytest.raises(SettingsError, match=f"EDIT_FLOWS_API_{name}"):
        api_settings()
