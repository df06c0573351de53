"""The ab commands, the whole path once on the examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.__main__ import main
from tasks.domain.ab.experiment import read_definition
from tasks.storage import experiments
from tasks.storage.documents import read_document
from tests.experiments import AIM, definition, experiment

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("prefect_server")
def test_the_example_runs_from_definition_to_verdict_on_the_classical_engine(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("flows.ab_commands.silence_tracebacks", lambda: None)  # it would last beyond this test

    def run(*arguments):
        code = main(["ab", *map(str, arguments), "--output", str(tmp_path / "out")])
        return code, capsys.readouterr().out

    code, text = run("create", ROOT / "examples/ab-test.yaml", ROOT / "examples/room.png", "--json")
    created = json.loads(text)
    assert (code, created["ready"]) == (0, True)
    assert len(created["experiment"]["pictures"]) == 4
    code, text = run("create", ROOT / "examples/ab-test.yaml", ROOT / "examples/room.png")
    assert (code, text.splitlines()[0]) == (0, "test 'room-look' was ready, 21,627 impressions planned")
    code, text = run("analyze", "room-look", ROOT / "examples/ab-metrics.csv", "--json")
    report = json.loads(text)
    assert (code, report["analysis"]["winner"]) == (0, "warm")
    assert Path(report["html"]).exists()
    early = tmp_path / "early.json"
    names = [variant["name"] for variant in created["experiment"]["definition"]["variants"]]
    early.write_text(json.dumps({name: {"impressions": 100, "conversions": 12} for name in names}))
    code, text = run("analyze", "room-look", early)
    assert code == 2
    assert text.startswith("no winner yet\n  go on: nothing is decided: 400 of 21,627 planned")


@pytest.mark.usefixtures("prefect_server")
def test_a_variant_that_is_refused_ends_in_exit_code_one_and_no_test(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("flows.ab_commands.silence_tracebacks", lambda: None)  # as above
    path = tmp_path / "t.yaml"
    path.write_text("id: t\nvariants:\n  - name: A\n  - {name: B, prompt: Turn the lamp into a parrot}\n")
    assert main(["ab", "create", str(path), str(ROOT / "examples/room.png"), "--output", str(tmp_path / "out")]) == 1
    text = capsys.readouterr().out
    assert text.startswith("failed    B  ")
    assert "test 't' is not ready; run it again when this is mended" in text
    assert main(["ab", "show", "t", "--output", str(tmp_path / "out")]) == 1


def test_the_example_says_what_its_numbers_are():
    lines = (ROOT / "examples/ab-metrics.csv").read_text(encoding="utf-8").splitlines()
    assert all("made-up" in line for line in lines[1:])
    uri = str(ROOT / "examples/ab-test.yaml")
    assert read_definition(read_document(uri), uri=uri).baseline == "as it is"


def test_tests_are_listed_shown_and_closed(tmp_path, capsys):
    place = ["--output", str(tmp_path)]
    experiments.create(str(tmp_path), experiment(definition("원본", "夏", hypothesis="왜", aim=AIM)))
    assert main(["ab", "list", *place]) == 0
    assert "running  2026-11-26  여름-poster  conversions: 원본, 夏" in capsys.readouterr().out
    assert main(["ab", "close", "여름-poster", "--reason", "끝", *place]) == 0
    assert main(["ab", "list", "--json", *place]) == 0
    (listed,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (listed["id"], listed["status"], listed["variants"]) == ("여름-poster", "closed", ["원본", "夏"])
    assert main(["ab", "show", "여름-poster", *place]) == 0
    shown = capsys.readouterr().out
    assert "closed on " in shown
    assert "원본: the picture as it is" in shown
    assert main(["ab", "show", "여름-poster", "--json", *place]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "closed"
    assert main(["ab", "close", "여름-poster", "--json", *place]) == 1
    failed = capsys.readouterr()
    assert json.loads(failed.out)["error"] == "RequestError"
    assert "was closed on" in failed.err


def test_a_plan_tells_the_size_for_a_lift_and_the_lift_for_a_size(capsys):
    assert main(["ab", "plan", "0.12", "--lift", "0.2"]) == 0
    text = capsys.readouterr().out
    assert "6,243  looking once" in text
    assert "looking whenever you like" in text
    assert main(["ab", "plan", "0.12", "--impressions", "6243", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lift_fixed"] == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "0.12"], "give either --lift or --impressions"),
        (["plan", "0.12", "--lift", "0.2", "--impressions", "5"], "give either --lift or --impressions"),
        (["plan", "1.2", "--lift", "0.2"], "base rate: within 0 and 1"),
        (["plan", "nan", "--lift", "0.2"], "base rate: within 0 and 1"),
        (["plan", "0.12", "--lift", "0.2", "--variants", "1"], "variants: 2 to 20"),
        (["plan", "0.9", "--lift", "0.2"], "is no rate"),
        (["plan", "0.12", "--lift", "-0.2"], "greater than 0"),
        (["plan", "0.12", "--impressions", "-5"], "find no lift at all"),
        (["show", "../x"], "cannot be called '../x'"),
        (["show", "x"], "there is no test 'x'"),
        (["create", "nowhere.yaml", "x.png"], "nowhere.yaml"),
        (["analyze"], "--test requires an argument"),
        (["list", "--output", "ftp://x"], "ftp://x"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_so_in_one_line(arguments, message, capsys):
    assert main(["ab", *arguments]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
