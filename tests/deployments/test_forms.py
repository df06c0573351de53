from __future__ import annotations

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError, validate

from deployments.forms import readable
from tests.deployments.test_prefect_yaml import DEPLOYMENTS, flow_of


def form_of(name):
    return readable(parameter_schema(flow_of(name)).model_dump_for_openapi())


def fields_of(form):
    return {
        (part.get("title"), name): field
        for part in (form, *form.get("definitions", {}).values())
        for name, field in part.get("properties", {}).items()
    }


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_field_has_a_title_in_words(name):
    titles = [field.get("title", "") for field in fields_of(form_of(name)).values()]
    assert all(title and title[0].isupper() and "_" not in title for title in titles)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_boxes_and_lists_are_no_choice_between_a_type_and_none(name):
    for field in fields_of(form_of(name)).values():
        assert not {kind.get("type") for kind in field.get("anyOf", ())} & {"string", "integer", "number", "object"}


def test_an_optional_kind_of_edit_is_a_list_to_choose_from_with_words_of_its_own():
    field = fields_of(form_of("edit-image"))["EditRequest", "edit_type"]
    assert field == {
        "type": "string",
        "enum": ["semantic", "appearance", "text", "hybrid"],
        "title": "Kind of edit",
        "description": "Kind of edit; left empty, it is inferred from the instruction.",
    }


@pytest.mark.parametrize("name", [name for name, one in DEPLOYMENTS.items() if "parameters" in one])
def test_what_a_form_is_filled_in_with_passes_the_server(name):
    validate(DEPLOYMENTS[name]["parameters"], form_of(name), raise_on_error=True)


def test_null_stays_as_good_as_nothing_in_a_box():
    request = {"image": "a.png", "prompt": "Make it warm", "mask": None, "seed": None, "cfg_scale": None, "steps": None}
    parameters = {"request": request, "output": None, "engine": None}
    validate(parameters, form_of("edit-image"), raise_on_error=True)


@pytest.mark.parametrize(
    ("field", "value"), [("steps", 0), ("steps", "many"), ("edit_type", "magic"), ("image", ""), ("colour", "red")]
)
def test_limits_hold_as_before(field, value):
    request = {"image": "a.png", "prompt": "Make it warm", field: value}
    with pytest.raises(ValidationError):
        validate({"request": request}, form_of("edit-image"), raise_on_error=True)


def test_a_form_that_is_readable_stays_as_it_is():
    form = form_of("create-ab-variants")
    assert readable(form) == form


def test_platforms_are_chosen_from_a_list():
    items = form_of("create-content")["properties"]["platforms"]["items"]
    assert {"instagram_story", "blog_thumbnail"} < set(items["enum"])


def test_what_most_people_fill_in_comes_first():
    fields = list(form_of("edit-image")["definitions"]["EditRequest"]["properties"])
    assert fields[:3] == ["image", "prompt", "edit_type"]
    assert fields[-3:] == ["steps", "cfg_scale", "seed"]
