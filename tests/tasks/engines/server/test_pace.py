from tasks.engines.server.pace import GUESS, REMEMBERED, Pace


def test_before_anything_was_timed_it_is_a_guess():
    assert Pace().seconds(3) == 3 * GUESS


def test_it_follows_recent_work_and_is_never_a_rush():
    pace = Pace()
    pace.add(10.0)
    pace.add(20.0)
    assert pace.seconds(5) == 75.0
    for _ in range(REMEMBERED):
        pace.add(0.1)
    assert pace.seconds(5) == 1.0
