"""A clearer wording of an instruction, and the tests it must pass to be used instead of the user's own.

A rewriter may invent: another colour, a changed quotation, a second wish. Whatever can be compared is compared, and
on any doubt the user's words stand.
"""

from __future__ import annotations

import re
from collections import Counter

from PIL import Image

from tasks.domain.classification import classify
from tasks.domain.clauses import QUOTED
from tasks.domain.instruction import target_colours
from tasks.domain.models import MAX_PROMPT
from tasks.domain.wording import Script, script_of
from tasks.engines.assistant.asking import reduced
from tasks.engines.assistant.classifying import UNSURE
from tasks.engines.vision import VisionModel

SECONDS = 20.0
"""How long the model may take; the edit itself takes longer than that, so more would be out of proportion."""

MAX_TOKENS = 256
"""Longest answer: a few sentences in any of the languages."""

TIMES_AS_LONG, AND_MORE = 4, 120
"""A rewritten instruction has at most so many times the characters, and so many on top: short ones gain most."""

LANGUAGES: dict[Script, str] = {
    Script.LATIN: "the language of the instruction",
    Script.HANGUL: "Korean",
    Script.HANZI: "Chinese",
}

RULES = """\
You prepare instructions for a program that edits pictures. Look at the picture and reword the instruction below so \
that it cannot be misunderstood.
- Write in {language}, one to three plain sentences, nothing before or after them.
- Whatever stands in quotation marks is copied letter by letter, in the same order, in quotation marks; add no others.
- Keep every colour, number, place and name. Ask for nothing that was not asked for.
- Say which thing in the picture is meant, by what it looks like or where it is.
- Say what must stay as it is.
- When it is clear already, repeat it.
<instruction>
{prompt}
</instruction>"""

NUMBER = re.compile(r"\d+")


def rewrite(vision: VisionModel, picture: Image.Image, prompt: str, *, seconds: float = SECONDS) -> str:
    """`prompt` in clearer words, in its language, every quotation unchanged; `prompt` itself on any doubt.

    At most `MAX_PROMPT` characters. Raises `EngineError` when the model fails or is not done after `seconds`.
    """
    asked = RULES.format(language=LANGUAGES[_language(prompt)], prompt=prompt)
    answer = vision.answer([reduced(picture)], asked, max_tokens=MAX_TOKENS, seconds=seconds).strip()
    return answer if is_faithful(prompt, answer) else prompt


def is_faithful(prompt: str, answer: str) -> bool:
    """True when nothing that can be compared was changed: quotations, language, numbers, colours, kind, length."""
    longest = min(MAX_PROMPT, TIMES_AS_LONG * len(prompt) + AND_MORE)
    return (
        0 < len(answer) <= longest
        and "\n" not in answer
        and "<" not in QUOTED.sub(" ", answer)  # a piece of the form the instruction was put in
        and _quotations(answer) == _quotations(prompt)
        and _language(answer) is _language(prompt)
        and Counter(NUMBER.findall(answer)) == Counter(NUMBER.findall(prompt))
        and set(target_colours(answer)) == set(target_colours(prompt))
        and _same_kind(prompt, answer)
    )


def _quotations(text: str) -> list[str]:
    return ["".join(filter(None, found.groups())) for found in QUOTED.finditer(text)]


def _language(text: str) -> Script:
    return script_of(QUOTED.sub(" ", text))


def _same_kind(prompt: str, answer: str) -> bool:
    """False when the rules were sure of the kind and now see another: a wish was added or lost."""
    before = classify(prompt)
    return before.confidence < UNSURE or classify(answer).edit_type is before.edit_type
