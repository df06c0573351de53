from __future__ import annotations

import pytest

from tasks.domain.brand import Brand, forbidden_in, in_brand, parse_brand, refuse_forbidden
from tasks.domain.errors import RequestError
from tasks.domain.models import EditType

PLAIN = {"name": "달빛시장", "colours": ["#1E1842", "gold"]}


def test_a_brand_is_read_with_what_it_leaves_out_filled_in():
    brand = parse_brand(PLAIN, uri="brand.yaml")
    assert brand.colours == ("#1e1842", "gold")
    assert brand.ground == "#1e1842"
    assert brand.logo is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colours": []}, "colours"),
        ({"colours": ["#12345"]}, "no colour"),
        ({"colours": ["#12345g"]}, "no colour"),
        ({"colours": ["black"] * 13}, "colours"),
        ({"background": "sky"}, "no colour"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"tagline": "x"}, "there is no such field; known: name"),
        ({"style": "with 'quoted' words"}, "quotation marks"),
        ({"forbidden": ["..."]}, "forbidden"),
        ({"palette": 2}, "palette"),
        ({"logo": {"picture": "../logo.png"}}, "no file beside"),
        ({"logo": {"picture": "/etc/logo.png"}}, "no file beside"),
        ({"logo": {"picture": "s3://elsewhere/logo.png"}}, "no file beside"),
        ({"logo": {"picture": "logo.png", "light": "a\\b.png"}}, "no file beside"),
        ({"logo": {"picture": "logo.png", "position": "middle"}}, "position"),
        ({"logo": {"picture": "logo.png", "margin": 21}}, "margin"),
        ({"logo": {"picture": "logo.png", "colour": "red"}}, "known: picture"),
        ({"logo": {}}, "picture: is missing"),
    ],
)
def test_a_field_that_cannot_be_is_named_with_its_file_and_remedy(change, told):
    with pytest.raises(RequestError, match=r"brand\.yaml") as refused:
        parse_brand(PLAIN | change, uri="brand.yaml")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Add the text 'FREE  beer!'", ("free beer",)),
        ("freedom and beer", ()),
        ("오늘만 무료배송", ("무료",)),
        ("今日免费", ("免费",)),
        ("", ()),
    ],
)
def test_forbidden_words_are_whole_words_in_latin_and_any_place_in_korean_and_chinese(text, found):
    brand = Brand(name="x", colours=("black",), forbidden=("free beer", "무료", "免费"))
    assert forbidden_in(brand, text) == found


def test_a_prompt_that_asks_for_what_is_forbidden_is_refused_by_name():
    brand = Brand(name="x", colours=("black",), forbidden=("무료",))
    with pytest.raises(RequestError, match="forbids '무료'"):
        refuse_forbidden(brand, "'무료'라고 써줘")


def test_only_edits_of_the_whole_picture_are_told_the_brands_look():
    brand = parse_brand(PLAIN | {"style": "calm", "font": "sans", "logo": {"picture": "logo.png"}}, uri="b")
    told = in_brand(brand, "Make it a watercolour painting.", EditType.SEMANTIC)
    assert told.startswith("Make it a watercolour painting. In the look of the brand: calm.")
    assert "#1e1842" in told
    assert "bottom right" in told
    assert in_brand(brand, "Remove the cup", EditType.APPEARANCE) == "Remove the cup"
    assert in_brand(brand, "x" * 1990, EditType.SEMANTIC) == "x" * 1990
