"""One installation for all tests that need a whole one: it takes 20 seconds to stand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reliability.site import Site, standing


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with standing(tmp_path_factory.mktemp("site") / "run") as running:
        yield running
