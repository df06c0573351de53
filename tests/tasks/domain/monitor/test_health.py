import json

from tasks.domain.monitor.health import Health, Outcomes, Runs
from tests.health import HOUR, MIDNIGHT, every_ten_seconds, health


def test_a_report_is_read_back_as_it_was_and_holds_what_follows_from_its_figures():
    told = health(
        *every_ten_seconds(MIDNIGHT - HOUR, MIDNIGHT, "렌더-1", gpus=1),
        runs=Runs(completed=6, failed=1, crashed=1, cancelled=2),
        outcomes=Outcomes(accepted=3, rejected=1, seconds=12, accepted_now=3),
    )
    text = told.model_dump_json()
    assert Health.model_validate_json(text) == told
    stored = json.loads(text)
    assert (stored["runs"]["requests"], stored["runs"]["error_rate"]) == (10, 0.25)
    assert (stored["outcomes"]["accept_rate"], stored["outcomes"]["seconds_per_accepted"]) == (0.75, 4)
    assert (stored["seconds"], stored["gpus"]) == (3600, 1)


def test_without_edits_there_are_no_rates():
    assert Runs(cancelled=3).error_rate is None
    assert Outcomes(pending=2).accept_rate is None
    assert Outcomes(pending=2, reused=1).hit_rate == 0.5
