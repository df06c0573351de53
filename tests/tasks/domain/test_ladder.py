"""The benchmark of drafts first: its figures where they can be told without it."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import ladder

COSTS = {4: 4.0, 8: 8.0, 80: 80.0}


def ways(draft: float, full: float, *, detail: float = 0.5, anew: bool = True) -> dict[str, ladder.Way]:
    model = ladder.Model(ladder.rates(draft, full), detail, anew)
    return {name: ladder.walk(engine, COSTS, model, 200) for name, engine in ladder.ENGINES.items()}


def test_drafts_that_always_pass_are_all_that_is_spent():
    found = ways(1, 1)
    assert found["ladder"] == found["drafts"] == (4, 1)
    assert found["full"] == (80, 1)


def test_drafts_that_never_pass_cost_their_passes_on_top():
    found = ways(0, 1, detail=0)
    assert found["ladder"] == (84, 1)
    assert found["drafts"].accepted == 0


def test_what_is_hard_for_every_try_no_try_makes_easier():
    found = ways(0.4, 0.8, anew=False)
    assert found["ladder"].accepted == pytest.approx(found["full"].accepted)
    assert found["drafts"].accepted < found["ladder"].accepted


def test_the_command_counts_in_measured_seconds_where_there_are_any(tmp_path, capsys):
    sides = {"4 steps": {"s": 1.5}, "8 steps": {"s": 2.5}, "40 steps guided": {"s": 22.0}}
    (tmp_path / "gpu.json").write_text(json.dumps({"made": {"on": "a card"}, "ours cold": sides}))
    ladder.main(["--figures", str(tmp_path / "gpu.json"), "--pictures", "50"])
    said = capsys.readouterr().out
    assert "s on a card for each accepted picture" in said
    assert said.count("full / ladder") == 2
