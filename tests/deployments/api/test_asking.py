from __future__ import annotations

from concurrent.futures import Executor
from typing import cast

import pytest
from pydantic import SecretStr

from deployments.api.asking import ensure_told
from deployments.api.desk import Desk
from deployments.api.jobs import Jobs
from deployments.api.problems import Refused
from deployments.api.settings import ApiSettings
from deployments.api.watch import Watch


@pytest.mark.parametrize("beyond", ["../other", "%2e%2e/other", "\ud800", "..\\other", "a/../../other"])
def test_a_webhook_leads_nowhere_but_below_the_listed_place(beyond) -> None:
    settings = ApiSettings(webhooks=("https://hooks.example/team/",), webhook_secret=SecretStr("whsec_c2VjcmV0"))
    place = Desk(settings, cast("Jobs", None), cast("Watch", None), cast("Executor", None))

    ensure_told("https://hooks.example/team/a", place)
    with pytest.raises(Refused, match="EDIT_FLOWS_API_WEBHOOKS"):
        ensure_told(f"https://hooks.example/team/{beyond}", place)
