"""The table of servers holds together."""

from __future__ import annotations

import pytest

from tasks.domain.models import EditPlan
from tasks.engines.endpoint.quirks import SERVERS, Sizes


@pytest.mark.parametrize("server", SERVERS)
def test_every_entry_speaks_of_fields_a_plan_has_and_lists_sizes_where_it_has_some(server):
    quirks = SERVERS[server]
    assert set(quirks.plan_fields) <= set(EditPlan.model_fields)
    assert (quirks.sizes is Sizes.LISTED) == bool(quirks.listed)
    assert quirks.tells or not quirks.streams
