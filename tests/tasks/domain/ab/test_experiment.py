from __future__ import annotations

import unicodedata

import pytest
from pydantic import ValidationError

from tasks.domain.ab.experiment import MAX_ID, Definition, checked_id, read_definition
from tasks.domain.errors import RequestError
from tests.experiments import AIM, definition

FIELDS = {"id": "t", "variants": [{"name": "A"}, {"name": "B", "prompt": "Make it warm"}]}


def test_the_first_variant_is_the_control_unless_another_is_named():
    assert definition("원본", "따뜻").baseline == "원본"
    assert definition("원본", "따뜻", control=unicodedata.normalize("NFD", "따뜻")).baseline == "따뜻"


def test_names_that_look_the_same_are_one_name():
    taken_apart = unicodedata.normalize("NFD", "여름")
    assert definition(id=taken_apart).id == "여름"
    with pytest.raises(ValidationError, match="there more than once"):
        definition("여름", taken_apart)


@pytest.mark.parametrize(
    "name",
    ["", " ", "../etc", "a/b", "a\\b", ".hidden", "..", "a\0b", "a\nb", "con:", "x" * (MAX_ID + 1), "\u202eevil"],
)
def test_what_could_be_a_path_or_not_be_printed_is_no_id(name):
    with pytest.raises(ValueError, match="cannot be called"):
        checked_id(name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"reason": "x"}, "reason: there is no such field; known: id, hypothesis"),
        (
            {"variants": [{"name": "A"}, {"name": "B", "promt": "x"}]},
            "variants.1.promt: there is no such field; known: name",
        ),
        ({"aim": AIM | {"lifts": 1}}, "aim.lifts: there is no such field; known: base_rate"),
        ({"id": "../x"}, "cannot be called '../x'"),
        ({"variants": [{"name": "A"}]}, "at least 2 items"),
        ({"variants": [{"name": "A"}, {"name": "B"}]}, "more than one variant has no prompt"),
        ({"variants": [{"name": "A"}, {"name": "B", "prompt": "  "}]}, "the instruction is empty"),
        ({"variants": [{"name": "A"}, {"name": "B\x1b[31m", "prompt": "x"}]}, "invisible characters"),
        ({"control": "C"}, "there is no variant 'C'"),
        ({"metric": "revenue"}, "'conversions', 'clicks' or 'engagements'"),
        ({"method": "fixed"}, "give aim or impressions"),
        ({"impressions": 1000, "aim": AIM}, "keep one"),
        ({"aim": {"base_rate": 0.6, "lift": 1}}, "is no rate"),
        ({"aim": {"base_rate": float("nan"), "lift": 1}}, "aim.base_rate"),
        ({"confidence": 1}, "less than or equal to 0.999"),
        ({"variants": None}, "variants"),
    ],
)
def test_a_definition_that_does_not_hang_together_is_refused_with_file_field_and_remedy(wrong, message):
    with pytest.raises(RequestError) as refused:
        read_definition(FIELDS | wrong, uri="여름.yaml")
    assert message in str(refused.value)
    assert str(refused.value).startswith("'여름.yaml': ")


def test_a_missing_field_is_named():
    with pytest.raises(RequestError, match="id: is missing; add it"):
        read_definition({"variants": FIELDS["variants"]}, uri="t.yaml")


def test_a_definition_survives_being_written_and_read():
    test = definition("원본", "<b>", aim=AIM, method="fixed", hypothesis="왜냐하면")
    assert Definition.model_validate_json(test.model_dump_json()) == test
