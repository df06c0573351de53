from datetime import timedelta

import pytest

from tasks.domain.monitor.alarms import MEASURES, crossed, limits
from tasks.domain.monitor.health import Outcomes, Runs
from tests.health import MIDNIGHT, health, sample

JUST_NOW = MIDNIGHT - timedelta(seconds=10)
EARLIER = MIDNIGHT - timedelta(minutes=30)


def names(told) -> list[str]:
    return [alarm.name for alarm in crossed(told)]


def test_every_measure_has_a_limit_and_every_limit_a_measure():
    assert set(MEASURES) == set(limits())


def test_a_quiet_hour_without_machines_crosses_nothing():
    assert names(health()) == []


def test_errors_alarm_when_they_are_many_enough_to_be_a_rate():
    assert names(health(runs=Runs(completed=3, failed=1))) == []
    (alarm,) = crossed(health(runs=Runs(completed=6, failed=1, crashed=3, cancelled=9)))
    assert (alarm.name, alarm.value, alarm.limit) == ("error-rate", 0.4, 0.2)
    assert alarm.told == "40% of edits ended by an error (limit 20%)"


def test_a_queue_that_is_old_and_results_that_do_not_pass_alarm():
    told = health(runs=Runs(waiting=1, waiting_seconds=901), outcomes=Outcomes(accepted=2, rejected=3))
    assert names(told) == ["accept-rate", "queue-age"]


@pytest.mark.parametrize(
    ("samples", "alarms"),
    [
        ([sample(JUST_NOW)], []),
        ([sample(JUST_NOW, gpus=1)], []),
        ([sample(EARLIER, gpus=1), sample(JUST_NOW)], ["no-gpu"]),
        ([sample(EARLIER, gpus=1)], ["no-gpu"]),
        ([sample(EARLIER, gpus=1), sample(JUST_NOW, "render-2", gpus=1)], []),
    ],
    ids=["none ever", "there", "lost", "machine silent", "another is left"],
)
def test_a_gpu_is_missed_only_where_there_was_one_and_none_is_left(samples, alarms):
    assert names(health(*samples)) == alarms


def test_a_hot_gpu_alarms():
    hot = sample(JUST_NOW, gpus=1)
    hot = hot.model_copy(update={"gpus": (hot.gpus[0].model_copy(update={"temperature": 91.0}),)})
    assert names(health(hot)) == ["gpu-temperature"]
