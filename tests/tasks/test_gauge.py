from __future__ import annotations

import time
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.gauge import Gauge
from tests.weed import free_port


@pytest.fixture
def deployed(monkeypatch):
    for name in ("DEPLOYMENT", "FLOW_RUN"):
        monkeypatch.setenv(f"PREFECT__RUNTIME__{name}__ID", str(uuid4()))


def test_outside_a_deployment_there_is_none():
    assert not Gauge().shown
    Gauge().move(50, "half", now=True)


def test_a_server_that_is_away_neither_fails_nor_delays_the_work(deployed):
    begun = time.monotonic()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        Gauge().move(50, "half", now=True)
    assert time.monotonic() - begun < 5
