"""The setting that says what an installation is for."""

from __future__ import annotations

import pytest

from tasks.domain.errors import LicenceError, SettingsError
from tasks.domain.licences import APACHE, licence_of
from tasks.engines.licensing import ensure_licensed, use
from tasks.engines.registry import get_engine

RESEARCH = "Qwen/Qwen-Image-2.1"


@pytest.fixture(autouse=True)
def fresh():
    use.cache_clear()
    yield
    use.cache_clear()


def test_an_installation_is_commercial_unless_it_says_otherwise(monkeypatch):
    monkeypatch.delenv("EDIT_FLOWS_COMMERCIAL", raising=False)
    with pytest.raises(LicenceError, match=RESEARCH):
        ensure_licensed(RESEARCH, licence_of(RESEARCH))


def test_where_nothing_is_sold_a_model_for_research_runs(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_COMMERCIAL", "false")
    ensure_licensed(RESEARCH, licence_of(RESEARCH))


def test_a_value_that_is_neither_is_named_with_its_variable(monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_COMMERCIAL", "perhaps")
    with pytest.raises(SettingsError, match="EDIT_FLOWS_COMMERCIAL='perhaps'"):
        use()


def test_the_engine_of_a_fresh_clone_may_be_used_by_anyone():
    assert get_engine("classical").traits.licence == APACHE
