import pytest

from tasks.domain.errors import UnknownEngine
from tasks.engines import registry
from tasks.engines.registry import Entry, get_engine


def test_an_engine_is_loaded_once_per_process():
    assert get_engine("classical") is get_engine("classical")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownEngine, match="'crystal ball'; known engines: classical"):
        get_engine("crystal ball")


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(registry.ENGINES, "absent", Entry("no_such_package.engine:Engine", "pip install edit-flows[x]"))
    with pytest.raises(UnknownEngine, match=r"needs 'no_such_package'.*pip install edit-flows\[x\]"):
        get_engine("absent")
