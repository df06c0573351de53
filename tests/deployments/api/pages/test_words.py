from __future__ import annotations

import pytest

from deployments.api.pages.words import GROUPS, LANGUAGES, TABLE, language_of, words
from tasks.domain.models import CheckName, FailureClass
from tasks.domain.results import Decision, Outcome


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr-FR,fr;q=0.9", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en;q=0.5,zh-TW;q=0.9", "zh"),
        ("fr,zh-Hans-CN;q=0.3,ko;q=0.2", "zh"),
        ("ko;q=oops", "ko"),
        (";;;,,," * 1000, "en"),
    ],
)
def test_the_language_is_the_first_of_ours_that_the_reader_prefers(accepted, language):
    assert language_of(accepted) == language


def test_every_value_a_page_shows_has_a_word_in_every_language():
    kinds = {"outcome": Outcome, "decision": Decision, "checks": CheckName, "failure": FailureClass}
    assert {group: set(table) for group, table in GROUPS.items()} == {group: set(kind) for group, kind in kinds.items()}
    for language in LANGUAGES:
        assert all(words(language)[name] for name in (*TABLE, *GROUPS))


def test_translations_have_the_same_places_to_fill_in():
    for told in TABLE.values():
        assert len({tuple(sorted(part.split("}")[0] for part in one.split("{")[1:])) for one in told}) == 1
