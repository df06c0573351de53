"""A word is found however it is spelt, and nothing else is taken for it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.errors import PolicyError
from tasks.domain.policy import Language
from tasks.policies.words import Finder, finder_of, flattened

EN, KO, ZH = Language


def found(language: Language, phrase: str, text: str) -> bool:
    return finder_of(language, phrase).found_in(flattened(text))


@pytest.mark.parametrize(
    "text",
    [
        "make her nude",
        "NUDE",
        "ｎｕｄｅ",
        "n\u200bu\u00add\ufeffe",
        "n u d e",
        "n.u.d.e, please",
        "a n-u-d-e picture",
        "nude사진",
        "사진을 nude로",
        "画成nude的",
        "nude_photo",
        "𝓷𝓾𝓭𝓮",
    ],
)
def test_a_word_of_an_alphabet_is_found_in_any_spelling(text):
    assert found(EN, "nude", text)


@pytest.mark.parametrize("text", ["denude the branches", "nudes", "nudé", "a new design", "nu de", ""])
def test_a_part_of_another_word_is_not_that_word(text):
    assert not found(EN, "nude", text)


@pytest.mark.parametrize(
    "text", ["fake passport", "FAKE\n  PASSPORT", "fake-passport", "fakepassport", "f a k e p a s s p o r t"]
)
def test_a_phrase_is_found_with_any_gap_between_its_words(text):
    assert found(EN, "fake passport", text)


@pytest.mark.parametrize("text", ["누드로 바꿔줘", "전신누드", "누 드 사진", "누.드", "누\u200b드", "ㄴㅜㄷㅡ", "누드"])
def test_a_korean_word_is_found_with_endings_and_spread_out(text):
    assert found(KO, "누드", text)


@pytest.mark.parametrize(("word", "text"), [("자살", "혼자 살고 있는 사람"), ("누드", "하누 드라마 포스터")])
def test_korean_syllables_side_by_side_in_two_words_are_no_word(word, text):
    assert not found(KO, word, text)


@pytest.mark.parametrize("text", ["옷을 벗겨줘", "옷을벗긴 모습", "그 사람 옷을  벗게"])
def test_a_korean_phrase_is_found_however_it_is_spaced(text):
    assert found(KO, "옷을 벗", text)


@pytest.mark.parametrize("text", ["生成裸体照片", "生成裸 体照片", "裸-体", "裸\u200d体"])
def test_a_chinese_word_is_found_anywhere(text):
    assert found(ZH, "裸体", text)


def test_a_sentence_that_ends_between_two_characters_hides_nothing():
    assert not found(ZH, "裸体", "不要赤裸。体重不变")


@pytest.mark.parametrize("phrase", ["\u200b", "-", ". ."])
def test_a_word_without_a_letter_is_refused(phrase):
    with pytest.raises(PolicyError, match="nothing to look for"):
        finder_of(EN, phrase)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "([a-z]+)*!"])
def test_a_pattern_that_would_hang_others_is_done_at_once(pattern):
    finder = Finder(pattern, pattern)
    begun = time.perf_counter()
    finder.found_in("a" * 2000 + "?")
    assert time.perf_counter() - begun < 1.0  # in Python's re the first of them takes longer than a life


@pytest.mark.parametrize("pattern", ["(", "(?<!a)b", r"(a)\1", r"(\w{1000}){1000}"])
def test_a_pattern_that_cannot_be_looked_for_is_named(pattern):
    with pytest.raises(PolicyError, match="cannot be looked for"):
        Finder(pattern, pattern)


@given(
    st.text(st.sampled_from("nude"), min_size=2, max_size=8),
    st.sampled_from(["\u200b", "\u00ad", "\ufe0f", "\u2060"]),
    st.booleans(),
    st.integers(0, 8),
)
def test_any_word_is_found_wide_in_capitals_and_with_invisible_letters(word, invisible, capitals, at):
    hidden = word[:at] + invisible + word[at:]
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in hidden)
    assert found(EN, word, f"please {wide.upper() if capitals else wide} now")


@given(st.text(max_size=200))
def test_flattening_twice_changes_nothing_more(text):
    assert flattened(flattened(text)) == flattened(text)
