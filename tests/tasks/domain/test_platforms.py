from __future__ import annotations

import pytest

from tasks.domain.errors import RequestError
from tasks.domain.platforms import STANDARD, catalogue, chosen


def test_the_guides_five_sizes_are_what_a_campaign_gets_that_names_none():
    assert {platform.name: platform.size for platform in chosen(())} == {
        "instagram_story": (1080, 1920),
        "instagram_post": (1080, 1080),
        "twitter_card": (1200, 630),
        "blog_header": (1200, 600),
        "blog_thumbnail": (600, 400),
    }
    assert set(STANDARD) <= set(catalogue())


def test_every_size_says_where_it_is_from_and_when():
    assert all(platform.source and len(platform.date) >= 7 for platform in catalogue().values())


def test_a_platform_named_twice_counts_once_and_order_is_kept():
    names = ("x_post", "instagram_post", "x_post")
    assert [platform.name for platform in chosen(names)] == ["x_post", "instagram_post"]


def test_an_unknown_platform_is_named_beside_those_there_are():
    with pytest.raises(RequestError, match=r"'myspace'; known: instagram_story"):
        chosen(("myspace",))
