import pytest

from tasks.domain.clauses import MARK, split


@pytest.mark.parametrize(
    ("prompt", "quotes"),
    [
        ("Change 'A' to 'B'", ("A", "B")),
        ("write “it's 5 o'clock”", ("it's 5 o'clock",)),
        ("don't change women's hats, write 'It's time'", ("It's time",)),
        ("把《春》换成「夏」", ("春", "夏")),
        ("'가'를 '나'로", ("가", "나")),
    ],
)
def test_quotations_are_set_aside_and_apostrophes_are_not_quotes(prompt, quotes):
    assert tuple(quote for clause in split(prompt) for quote in clause.quotes) == quotes


@pytest.mark.parametrize(
    ("prompt", "clauses"),
    [
        ("Add a cat, then remove the dog", ["add a cat", "remove the dog"]),
        ("Make it black and white", ["make it monochrome"]),
        ("제목을 지우고 밤으로 바꿔줘", ["제목을 지우", "밤으로 바꿔줘"]),
        ("광고 문구를 지워줘", ["광고 문구를 지워줘"]),
        ("去掉文字，然后把背景换成红色", ["去掉文字", "把背景换成红色"]),
    ],
)
def test_requests_are_separated_and_phrases_are_not(prompt, clauses):
    assert [clause.words for clause in split(prompt)] == clauses


@pytest.mark.parametrize(
    "prompt",
    [
        "Blur the wall without changing the people",
        "Blur the wall, keep everything else the same",
        "인물은 그대로 두고 blur the wall",
        "保持人物不变，blur the wall",
    ],
)
def test_what_must_stay_is_not_a_request(prompt):
    assert [clause.words for clause in split(prompt)] == ["blur the wall"]


def test_an_instruction_of_nothing_but_keeping_is_kept_whole():
    assert split("Keep 'A' unchanged")[0].words == f"keep {MARK} unchanged"
