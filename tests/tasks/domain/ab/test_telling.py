from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tasks.domain.ab.page import page
from tasks.domain.ab.rules import recommend
from tasks.domain.ab.telling import HEADER, markdown, remarks, table
from tests.experiments import AIM, analysed, definition, experiment

HOSTILE = "<script>alert('x')</script>|![x](http://evil)&amp;`"
COUNTS = [(4000, 480), (4000, 640)]


@pytest.fixture
def hostile():
    test = definition("원본", HOSTILE, hypothesis=f"{HOSTILE}\n# 夏", aim=AIM)
    return test, analysed(COUNTS, test)


def test_the_page_holds_what_people_wrote_as_text_and_needs_nothing_from_outside(hostile):
    test, found = hostile
    html = page(experiment(test), found, recommend(found), b"png")
    tags, texts = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            assert all(name not in {"onerror", "onload", "onclick"} for name, _ in attrs)
            assert all(not (value or "").startswith("http") for name, value in attrs if name in {"src", "href"})

        def handle_data(self, data):
            texts.append(data)

    Reader().feed(html)
    assert "script" not in tags
    assert tags.count("img") == 1
    assert HOSTILE in texts
    assert "원본" in texts


def test_markdown_holds_what_people_wrote_as_text_and_its_table_has_no_other_columns(hostile):
    _, found = hostile
    text = markdown(found, recommend(found), "data:image/png;base64,eA==")
    assert "<script" not in text
    assert "](http" not in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(HEADER) + 1}


def test_the_table_tells_each_variant_and_the_control_has_nothing_to_be_held_against():
    control, other = table(analysed(COUNTS, aim=AIM))
    assert control[0] == "A"
    assert control[4:7] == ("control", "", "")
    assert other[:3] == ("B", "4,000", "640")
    assert other[4].startswith("+4.00 (+")
    assert other[5] == "+33.3%"


def test_a_control_without_success_has_no_lift():
    _, other = table(analysed([(400, 0), (400, 40)]))
    assert other[5] == "-"


def test_remarks_say_how_safe_the_verdict_is():
    assert "safe at every look" in remarks(analysed(COUNTS, aim=AIM))[0]
    assert "once, at the planned size" in remarks(analysed(COUNTS, aim=AIM, method="fixed"))[0]
    assert "2 comparisons together" in remarks(analysed([*COUNTS, (4000, 470)]))[0]
    assert "NOT as planned" in remarks(analysed([(4000, 480), (3000, 480)]))[1]
    assert "while the split is wrong" in remarks(analysed([(4000, 480), (3000, 480)]))[-1]
