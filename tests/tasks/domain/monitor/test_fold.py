from datetime import timedelta

import pytest

from tasks.domain.monitor.fold import STEPS, Published, hosts_of, outcomes_of
from tasks.domain.results import Outcome
from tests.health import HOUR, MIDNIGHT, every_ten_seconds, sample


def test_a_machine_is_told_of_by_its_last_its_mean_and_its_highest_values():
    (host,) = hosts_of(every_ten_seconds(MIDNIGHT - HOUR, MIDNIGHT, gpus=2), MIDNIGHT - HOUR, MIDNIGHT)
    assert (host.host, host.heard, host.gpus_now) == ("render-1", 1.0, 2)
    assert host.cpu.current == host.cpu.maximum == pytest.approx(359 / 360)
    assert host.cpu.average == pytest.approx(0.5, abs=0.01)
    first, second = host.gpus
    assert first.load == host.cpu
    assert first.temperature is not None
    assert second.temperature is not None
    assert second.temperature.maximum - first.temperature.maximum == 1
    assert [len(host.course), host.course[0].at] == [STEPS, MIDNIGHT - HOUR]
    assert host.course[30].gpu_memory == 0.75


def test_machines_are_told_apart_and_in_the_order_of_their_names():
    mixed = [sample(MIDNIGHT, host, cpu=cpu) for host, cpu in (("렌더-1", 0.2), ("a", 0.4), ("렌더-1", 0.6))]
    found = hosts_of(mixed, MIDNIGHT, MIDNIGHT + HOUR)
    assert [(host.host, host.cpu.average) for host in found] == [("a", 0.4), ("렌더-1", 0.4)]


def test_samples_that_come_in_no_order_are_put_in_theirs():
    late, early = sample(MIDNIGHT + timedelta(minutes=9), cpu=0.1), sample(MIDNIGHT, cpu=0.9)
    (host,) = hosts_of([late, early], MIDNIGHT, MIDNIGHT + HOUR)
    assert (host.cpu.current, host.cpu.maximum, host.last) == (0.1, 0.9, late.at)


def test_what_was_heard_half_of_the_time_has_half_a_course():
    (host,) = hosts_of(every_ten_seconds(MIDNIGHT - HOUR, MIDNIGHT - HOUR / 2), MIDNIGHT - HOUR, MIDNIGHT)
    assert host.heard == 0.5
    assert len(host.course) == STEPS / 2
    assert host.gpus == ()
    assert host.course[0].gpu is None


def test_a_gpu_that_was_lost_is_told_of_with_what_it_was_like():
    there, gone = sample(MIDNIGHT, gpus=1), sample(MIDNIGHT + timedelta(seconds=10))
    (host,) = hosts_of([there, gone], MIDNIGHT, MIDNIGHT + HOUR)
    assert (len(host.gpus), host.gpus_now) == (1, 0)


def test_nothing_is_made_of_no_samples():
    assert hosts_of([], MIDNIGHT, MIDNIGHT + HOUR) == ()
    nothing = outcomes_of([])
    assert (nothing.accept_rate, nothing.hit_rate, nothing.seconds_per_accepted) == (None, None, None)


def test_results_are_counted_and_what_was_done_before_costs_nothing():
    found = outcomes_of(
        [
            Published(outcome=Outcome.ACCEPTED, seconds=10, engine_seconds=8),
            Published(outcome=Outcome.ACCEPTED, seconds=10, engine_seconds=8, reused=True),
            Published(outcome=Outcome.ACCEPTED, seconds=10, engine_seconds=8, kept_from="s3://cache/a.json"),
            Published(outcome=Outcome.REJECTED, seconds=6, engine_seconds=4, failures=("smeared", "text wrong")),
            Published(),
        ]
    )
    assert (found.accepted, found.rejected, found.reused, found.untold) == (3, 1, 2, 1)
    assert found.rejected_by == {"smeared": 1, "text wrong": 1}
    assert (found.accept_rate, found.hit_rate) == (0.75, 0.5)
    assert (found.seconds_per_accepted, found.engine_seconds_per_accepted) == (16, 12)


def test_an_artifact_may_say_more_or_less_than_is_counted():
    assert Published.model_validate({"metadata_uri": "s3://out/a.json"}).outcome is None
    told = {"metadata_uri": "a.json", "outcome": "rejected", "failures": "smeared, blurred", "attempts": 3}
    assert Published.model_validate(told).failures == ("smeared", "blurred")
