from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.setup import pools

FILE = Path(__file__).parents[2] / "deployments" / "prefect.yaml"
DEPLOYMENTS = {one["name"]: one for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))["deployments"]}


def flow_of(name):
    return load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"], use_placeholder_flow=False)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_deployment_is_a_flow_of_its_name_in_a_pool_that_set_up_makes(name):
    assert flow_of(name).name == name
    assert DEPLOYMENTS[name]["work_pool"]["name"] in pools()
    assert DEPLOYMENTS[name]["description"]
    assert DEPLOYMENTS[name]["tags"]


@pytest.mark.parametrize("name", [name for name, one in DEPLOYMENTS.items() if "parameters" in one])
def test_what_a_form_is_filled_in_with_is_a_run_that_can_begin(name):
    flow_of(name).validate_parameters(DEPLOYMENTS[name]["parameters"])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_field_of_a_form_says_what_it_is_for(name):
    schema = parameter_schema(flow_of(name)).model_dump_for_openapi()
    forms = [schema, *(one for one in schema.get("definitions", {}).values() if "properties" in one)]
    silent = [
        f"{form['title']}.{field}"
        for form in forms
        for field, what in form["properties"].items()
        if not what.get("description")
    ]
    assert not silent


def test_set_up_schedules_nothing_but_the_hourly_report_and_the_daily_round_of_reviews():
    schedules = [schedule for one in DEPLOYMENTS.values() for schedule in one.get("schedules", [])]
    assert {schedule["slug"]: schedule["active"] for schedule in schedules} == {
        "nightly": False,
        "poll": "{{ $EDIT_FLOWS_WATCH }}",
        "hourly": True,
        "daily": True,
    }
