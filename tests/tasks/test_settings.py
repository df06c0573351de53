import pytest

from tasks.domain.errors import SettingsError
from tasks.settings import settings


def test_a_wrong_value_is_named_with_its_variable(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_MAX_ATTEMPTS", "many")
    with pytest.raises(SettingsError, match="EDIT_FLOWS_MAX_ATTEMPTS='many'"):
        settings.__wrapped__()


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_OUTPUT", "s3://outbox")
    assert settings.__wrapped__().output == "s3://outbox"
