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


def test_engines_to_fall_back_on_are_named_with_commas(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_ALTERNATES", " classical, ")
    assert settings.__wrapped__().alternates == ("classical",)


def test_an_engine_to_fall_back_on_that_nobody_knows_is_named_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_ALTERNATES", "classical,crystal ball")
    with pytest.raises(SettingsError, match="no engine is called crystal ball; known engines: classical"):
        settings.__wrapped__()


def test_instructions_are_rewritten_only_when_asked_for(monkeypatch):
    assert settings.__wrapped__().rewrite is False
    monkeypatch.setenv("EDIT_FLOWS_REWRITE", "true")
    assert settings.__wrapped__().rewrite is True


@pytest.mark.parametrize("url", ["javascript:alert(1)", "edits.example.com", "http://"])
def test_links_in_the_ui_begin_with_an_address_of_the_web(url, monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_API_URL", url)
    with pytest.raises(SettingsError, match="EDIT_FLOWS_API_URL"):
        settings.__wrapped__()
