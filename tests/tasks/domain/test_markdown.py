from __future__ import annotations

import pytest

from tasks.domain.markdown import code, plain, table


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "[here](javascript:alert(1))",
        "![x](http://127.0.0.1/x.png)",
        "| a | b |",
        "**bold** _it_ `code` ~~gone~~ # title",
        "&lt;script&gt;",
    ],
)
def test_nothing_begins_in_words_of_others(hostile):
    assert not set("<>[]|*_`~!\\") & set(plain(hostile))
    assert "&lt;" not in plain(hostile)


def test_words_are_kept_and_come_on_one_line():
    assert plain("'여름 세일'을\n  “冬季” (50%)") == "'여름 세일'을 “冬季” (50%)"


def test_code_of_nothing_is_nothing():
    assert code("") == ""
    assert code("s3://a_b/c.png") == "<code>s3://a&#95;b/c.png</code>"


def test_a_table_has_a_line_per_row():
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
