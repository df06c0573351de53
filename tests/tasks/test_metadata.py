from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks import metadata


@pytest.fixture
def asked(monkeypatch) -> Iterator[list[str]]:
    """Programs whose version was looked up."""
    names: list[str] = []

    def version(name: str) -> str:
        names.append(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    metadata._software.cache_clear()
    yield names
    metadata._software.cache_clear()


def test_versions_are_looked_up_once_however_many_pictures_are_edited(asked):
    first = metadata._software()
    assert metadata._software() == first
    assert asked == list(metadata.SOFTWARE)
    assert set(first) == {"edit-flows", "python", *metadata.SOFTWARE}
