"""A request's priority decides the queue its edit waits in."""

import pytest

from tasks.domain.queues import queue_of


@pytest.mark.parametrize(("priority", "queue"), [(0, "low"), (1, "default"), (4, "default"), (5, "high"), (9, "high")])
def test_ordinary_requests_wait_in_the_default_queue_urgent_ones_before_and_idle_ones_after(priority, queue):
    assert queue_of(priority) == queue
