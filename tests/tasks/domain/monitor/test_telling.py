from tasks.domain.monitor.health import Outcomes, Runs
from tasks.domain.monitor.telling import UNKNOWN, headline, rows
from tests.health import HOUR, MIDNIGHT, every_ten_seconds, health


def test_a_report_is_told_row_by_row_with_units():
    told = health(
        *every_ten_seconds(MIDNIGHT - HOUR, MIDNIGHT, "렌더-1", gpus=1),
        runs=Runs(completed=3, failed=1, waiting=2, waiting_seconds=61.4, ever=40),
        outcomes=Outcomes(accepted=3, rejected=1, rejected_by={"smeared": 1}, seconds=12, accepted_now=3, untold=1),
    )
    table = {row.what: (row.now, row.average, row.maximum) for row in rows(told)}
    assert table["edits ended"][0] == "4"
    assert table["failed, crashed, cancelled"][0] == "1, 0, 0"
    assert table["error rate"][0] == "25.0%"
    assert table["queue"][0] == "2 waiting, the oldest for 61 s; 0 at work"
    assert table["accept rate"][0] == "75.0% (3 of 4, 0 wait for a person)"
    assert table["rejected: smeared"][0] == "1"
    assert table["seconds per accepted"][0] == "4.00"
    assert table["렌더-1: up"][0] == "1 d 00:00 h; heard of 100% of the time"
    assert table["렌더-1: processor"] == ("100%", "50%", "100%")
    assert table["렌더-1: memory of 64.0 GiB"][0] == "16.0 GiB"
    assert table["렌더-1: GPU 0 NVIDIA H100, temperature"][0] == "60 °C"
    assert table["results that do not say how they ended"][0] == "1"
    assert headline(told) == (
        "edits 4, errors 25.0%, passed 75.0%, waiting 2, machines 1, GPUs 1; 2026-11-25 23:00 to 00:00 UTC"
    )


def test_what_is_not_known_is_a_dash():
    table = {row.what: row.now for row in rows(health())}
    assert table["error rate"] == table["cache hit rate"] == table["seconds per accepted"] == UNKNOWN
