from __future__ import annotations

import pytest

from deployments.api.patience import patience


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", 300),
        ("respond-async", 0),
        ("wait=10", 10),
        ("respond-async, wait=10", 10),
        ('Wait="7"; handling=lenient', 7),
        ("wait=99999", 300),
        ("wait=soon", 300),
        ("return=minimal", 300),
    ],
)
def test_the_client_says_how_long_it_waits(prefer, seconds) -> None:
    assert patience(prefer, 300) == seconds
