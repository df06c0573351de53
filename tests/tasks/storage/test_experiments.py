from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.domain.errors import RequestError
from tasks.storage import experiments, files
from tests.experiments import AIM, analysed, definition, experiment

RACE = """
import sys, time
from tasks.domain.errors import RequestError
from tasks.storage import experiments
from tests.experiments import definition, experiment
while time.time() < float(sys.argv[3]):
    pass
for number in range(20):
    try:
        made = experiments.create(sys.argv[1], experiment(definition(id=f"t{number}", hypothesis=sys.argv[2])))
        print("won")
    except RequestError as refused:
        assert "choose another id" in str(refused)
        print("lost")
"""


def test_a_test_is_found_again_as_it_was_made(base):
    made = experiment(definition("원본", "여름", "夏", aim=AIM))
    assert experiments.find(base, made.definition.id) is None
    assert experiments.create(base, made) == made
    standing = experiments.stand(base, made.definition.id)
    assert (standing.experiment, standing.status, standing.analyses) == (made, "running", ())


def test_the_same_test_again_gives_what_stands_and_another_of_that_name_is_refused(base):
    first = experiments.create(base, experiment())
    later = experiment().model_copy(update={"created": datetime.now(UTC)})
    assert experiments.create(base, later) == first
    with pytest.raises(RequestError, match="already a test '여름-poster' with another definition"):
        experiments.create(base, experiment(definition(hypothesis="other")))
    other = first.source.model_copy(update={"sha256": "2" * 64})
    with pytest.raises(RequestError, match="with another picture"):
        experiments.create(base, first.model_copy(update={"source": other}))
    assert experiments.stand(base, "여름-poster").experiment == first


def test_of_two_processes_that_make_the_same_id_at_once_exactly_one_wins_each_time(tmp_path):
    import time

    start = str(time.time() + 3)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path), who, start],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for who in ("one", "two")
    ]
    answers = [process.communicate()[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all({one, two} == {"won", "lost"} for one, two in zip(*answers, strict=True))
    assert len(answers[0]) == 20


def test_of_two_writers_to_a_bucket_exactly_one_wins(s3):
    made = [experiment(definition(hypothesis=str(number))) for number in range(4)]

    def create(one):
        try:
            return experiments.create(s3, one)
        except RequestError:
            return None

    with ThreadPoolExecutor(4) as pool:
        won = [one for one in pool.map(create, made) if one]
    assert won == [experiments.stand(s3, "여름-poster").experiment]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "..", ".", "x" * 200, "a\0b"])
def test_an_id_never_leads_out_of_the_folder(tmp_path, name):
    for ask in (experiments.stand, experiments.find, experiments.open_test):
        with pytest.raises(RequestError, match="cannot be called"):
            ask(str(tmp_path), name)
    with pytest.raises(RequestError, match="cannot be called"):
        experiments.close(str(tmp_path), name, "")


def test_all_tests_are_listed_and_what_else_lies_there_is_not(base):
    assert list(experiments.every(base)) == []
    for name in ("b", "가", "a"):
        experiments.create(base, experiment(definition(id=name)))
    files.write_once(f"{base}/ab-tests/unfinished/pictures/x.png", b"x")
    files.write_once(f"{base}/ab-tests/a/analyses/20261126T000000.000000-aaaaaa.json", b"{}")
    files.write_once(f"{base}/ab-tests/a/analyses/20261126T000000.000000-aaaaaa.html", b"")
    found = list(experiments.every(base))
    assert [standing.experiment.definition.id for standing in found] == ["a", "b", "가"]
    assert [len(standing.analyses) for standing in found] == [1, 0, 0]


def test_a_test_is_closed_once_and_stays_closed(base):
    experiments.create(base, experiment())
    experiments.close(base, "여름-poster", "충분함")
    assert experiments.stand(base, "여름-poster").status == "closed"
    for again in (
        lambda: experiments.close(base, "여름-poster", ""),
        lambda: experiments.open_test(base, "여름-poster"),
    ):
        with pytest.raises(RequestError, match=r"was closed on \d{4}-\d\d-\d\d \(충분함\)"):
            again()


def test_what_was_never_made_says_how_to_find_what_was(base):
    with pytest.raises(RequestError, match=r"there is no test .nothing.*ab list --output"):
        experiments.stand(base, "nothing")
    with pytest.raises(RequestError, match="there is no test"):
        experiments.close(base, "nothing", "")


def test_a_fixed_test_is_decided_by_the_first_who_decides(base):
    first = analysed([(4000, 480), (4000, 600)], aim=AIM, method="fixed", id="t")
    second = analysed([(4000, 480), (4000, 490)], aim=AIM, method="fixed", id="t")
    assert experiments.decided(base, "t") is None
    assert experiments.decide_once(base, first) == first
    assert experiments.decide_once(base, second) == first
    assert experiments.decided(base, "t") == first


def test_a_record_somebody_changed_is_refused_by_name(tmp_path):
    experiments.create(str(tmp_path), experiment(definition(id="t")))
    path = tmp_path / "ab-tests/t/test.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"surprise": 1}))
    with pytest.raises(RequestError, match=r"test\.json' is no record of this version"):
        experiments.stand(str(tmp_path), "t")
