from __future__ import annotations

import pytest

from tasks.domain.errors import RequestError
from tasks.domain.models import EditType, OutputFormat, Quality
from tasks.domain.template import Override, Template, compose, name_fault, parse

URI = "s3://drop/recipes/빈티지.yaml"


def test_a_recipe_becomes_a_request_labelled_with_its_name():
    template = parse(
        Template,
        {
            "prompt": "빈티지 느낌으로 바꿔줘",
            "edit_type": "semantic",
            "steps": 30,
            "quality": "full",
            "metadata": {"campaign": "여름"},
        },
        uri=URI,
    )
    request = compose(template, Override(), image="s3://drop/inbox/빈티지/a.png", recipe="빈티지")
    assert request.prompt == "빈티지 느낌으로 바꿔줘"
    assert (request.edit_type, request.steps, request.quality) == (EditType.SEMANTIC, 30, Quality.FULL)
    assert request.metadata == {"recipe": "빈티지", "campaign": "여름"}


def test_a_sidecar_changes_what_it_names_and_nothing_else():
    template = Template(prompt="Make it snow", steps=30, edit_type=EditType.SEMANTIC, metadata={"a": "1", "b": "1"})
    override = parse(
        Override,
        {"prompt": "눈이 오게 해줘", "edit_type": "auto", "output_format": "webp", "metadata": {"b": "2"}},
        uri=URI,
    )
    request = compose(template, override, image="a.png", recipe="snow")
    assert request.prompt == "눈이 오게 해줘"
    assert request.edit_type is None
    assert request.output_format is OutputFormat.WEBP
    assert request.steps == 30
    assert request.metadata == {"recipe": "snow", "a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "prompt: is missing"),
        ({"prompt": "  "}, "prompt: the instruction is empty"),
        ({"prompt": "x" * 2001}, "prompt: String should have at most 2000"),
        ({"prompt": "a", "promt": "b"}, "promt: there is no such field; known: prompt, edit_type"),
        ({"prompt": "a", "steps": 0}, "steps: Input should be greater than or equal to 1 (got 0)"),
        ({"prompt": "a", "edit_type": "magic"}, "'semantic', 'appearance', 'text' or 'hybrid' (got 'magic')"),
        ({"prompt": "a", "output": "../elsewhere"}, "output: '../elsewhere' begins with a dot"),
        ({"prompt": "a", "output": "/etc"}, "output: '/etc' has an invisible character or one of"),
        ({"prompt": "a", "output": "s3://other/bucket"}, "output: 's3://other/bucket' has"),
        ({"prompt": "a", "output": "refused"}, "is taken"),
        ({"prompt": "a", "image": "/etc/passwd"}, "image: there is no such field"),
        ({"prompt": "a", "mask": "s3://other/mask.png"}, "mask: there is no such field"),
        ({"prompt": ["a"]}, "prompt: Input should be a valid string"),
        ({"prompt": "a", "metadata": {"n": 1}}, "metadata.n: Input should be a valid string"),
    ],
)
def test_a_broken_recipe_is_refused_naming_file_field_and_remedy(content, told):
    with pytest.raises(RequestError) as refusal:
        parse(Template, content, uri=URI)
    assert str(refusal.value).startswith(repr(URI))
    assert told in str(refusal.value)


@pytest.mark.parametrize("field", ["engine", "output", "image", "mask", "references"])
def test_a_sidecar_may_not_choose_engine_or_place(field):
    with pytest.raises(RequestError, match=f"{field}: there is no such field"):
        parse(Override, {field: "x"}, uri="photo.json")


@pytest.mark.parametrize("name", ["vintage", "빈티지", "复古 风格", "été-2026_v2.1", "👩‍🎨"[:1]])
def test_names_of_any_script_can_be_recipes(name):
    assert name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    ["", " ", "..", ".hidden", "a/b", "a\\b", "a%2Fb", "a\nb", "a\x00b", "\u202egnp", "refused", "x" * 101, " a"],
)
def test_names_that_could_be_paths_or_hide_something_cannot(name):
    assert name_fault(name)
