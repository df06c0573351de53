from __future__ import annotations

import sys

import pytest

from tasks.domain.errors import RequestError
from tests.experiments import AIM, analysed, definition


def test_without_statsmodels_the_error_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("statsmodels")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(RequestError, match=r"statsmodels.*not installed: pip install -e \"\.\[campaigns\]\""):
        analysed([(10, 1), (10, 2)], definition(impressions=100))
    with pytest.raises(RequestError, match="campaigns"):
        analysed([(10, 1), (10, 2)], definition(aim=AIM))
