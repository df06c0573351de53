"""An instruction taken apart: quoted words set aside, clauses split, clauses that only say what must stay dropped."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

QUOTES = (("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("《", "》"), ("〈", "〉"), ('"', '"'))
MARK = "⟦⟧"
"""Stands for a quotation in a clause."""

NO_MARKS = str.maketrans(dict.fromkeys(MARK, " "))

LETTER = r"[A-Za-z0-9]"
QUOTED = re.compile(
    "|".join(f"{a}([^{b}\n]+){b}" for a, b in QUOTES)
    # a straight single quote opens after anything but a Latin letter and closes before anything but one: don't, women's
    + rf"|(?<!{LETTER})'((?:[^'\n]|(?<={LETTER})'(?={LETTER}))+)'(?!{LETTER})"
)

TOGETHER = {
    r"black\s*(?:and|&|n)\s*white": "monochrome",
    r"(?:and|그리고|并且?)?\s*(?:nothing|everything) else": ", keep everything else",
    r"흑\s+백": "흑백",
    r"side[ -]by[ -]side": "alongside",
}
"""Phrases whose words must not be split or read one by one."""

BOUNDARIES = re.compile(
    r"""
      [.;!?。；！？\n]+ (?!\w)            # sentence ends
    | [.;。；\n]+\s
    | [,，]\s*(?:(?:and|then|also|but)\s+)*
    | \s+(?:and\s+then|and\s+also|and|then|also|plus|as\s+well\s+as|but|while|whilst)\s+
    | \s+(?=with\s+(?:the\s+|an?\s+)?(?:text|words?|captions?|titles?|headlines?|slogans?|speech\s+bubble)\b)
    | \s+(?=without\s|keeping\s|preserving\s|maintaining\s|don't\s|do\s+not\s)
    | (?:그리고|그\s*다음에?|그런\s*다음|또한|동시에|아울러)\s*
    | (?<=라서)\s+ | (?<=인데)\s+ | (?<=에\s맞춰)\s+
    | (?<=면서)\s* | (?<=은\s채로)\s* | (?<=한\s채로)\s* | (?<=한\s채)\s+ | (?<=그대로\s두고)\s*
    | (?<=[하꾸우애넣들히놓걸이리쓰적되주치달키꿔르추두말뜨태시])고(?:서|\s나서)?\s+ | (?<=[하꾸우])며\s+ | (?<=[한꾼든운린긴친준낸은])\s+(?:다음|뒤|후)에?\s+
    | (?:并且|并|然后|同时|接着|以及|另外|此外|再(?=[加把将写换改]|添加)|最后)
    """,
    re.VERBOSE | re.IGNORECASE,
)

KEEPS = re.compile(
    r"""
      ^(?:please\s+)?(?:keep|keeping|maintain|maintaining|preserv\w+|retain\w*|leave|leaving)\b
    | \bwithout\s+(?:chang|alter|touch|affect|modify|mov|los|distort|disturb)\w*
    | \b(?:do\s+not|don't|never|no\s+need\s+to)\s+(?:chang|alter|touch|modify|move|affect|edit|lose|distort)\w*
    | \b(?:unchanged|untouched|intact|as\s+(?:it\s+is|is|they\s+are)|stay\w*\s+(?:the\s+same|put)|no\s+other\s+(?:changes|edits)|nothing\s+(?:else\s+)?(?:changes|should\s+change)|remains?\s+the\s+same|same\s+as\s+before)\b
    | \b(?:match|matching|same)\s+(?:the\s+)?
      (?:original|existing|current|font|style|size|pose|lighting|layout|composition|colou?rs?|position|angle|background|expression)\b
    | 유지|보존|그대로|살려|건드리지|손대지|바꾸지\s*말|변경하지|변하지|달라지지|똑같[이은]|동일하게|영향\s*없|않게|않도록|그대로|말고$|빼고는|제외하고
    | 保持|保留|不变|不要改|不要动|别改|别动|不改变|不影响|维持|原样|一致|原图|不动|照旧|别变|一样|不用(?:调整|改|动|变)|都不变|别调
    """,
    re.VERBOSE | re.IGNORECASE,
)


NEGATED = re.compile(
    r"^(?:please\s+|just\s+)?(?:do\s+not|don't|never)\b|지\s*(?:말|마)(?:아|고|세|라|시|줘|$)|^(?:请)?(?:不要|别(?!的|人)|勿|不用)",
    re.IGNORECASE,
)
"""What must not be done."""

CONTEXT = re.compile(
    r"""
      ^(?:hi|hello|hey|dear\s+\w+|good\s+(?:morning|afternoon|evening)|thanks?(?:\s+you)?)\b
    | ^(?:since|because|so\s+(?:that\s+)?(?:we|it|i|there|the)|as\s+(?:we|it\s+is)|for\s+(?:the|our|a)\s+[\w\s-]+)\b(?!.*\b(?:please|need|want)\b)
    | ^(?:i'm|i\s+am|we\s+are|we're|we'll\s+use|it'?s\s+for|this\s+is\s+for|the\s+\w+\s+(?:got|has\s+been|was)\s+\w+$)(?!.*\b(?:please|need|want)\b)
    | ^안녕하세요 | (?:이라서|거라서|라서|거라|라서요|인데요?|는데요?|거든요|때문에|예정이라)$ | (?:시즌|캠페인|행사|기획전|컨셉)에\s*맞(?:춰|게)$
    | ^(?:你好|您好|大家好|谢谢|因为|由于|我们(?:只有|要做))
    | ^(?!.*(?:请|把|将|帮|麻烦|给我)).*(?:(?:用|放|发|贴|印)在.*(?:里|中|上|的)|用于|拍的|要给.*(?:看|用)|.{2,}换.{2,}了)$
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Why something is asked, where it will be used, a greeting: no request of its own."""

PURPOSE = re.compile(
    r"\b(?:to\s+match|in\s+line\s+with|because\s+of|for)\s+(?:the|our|my|this)\s+(?:[\w'-]+\s+){0,3}?"
    r"(?:line-?up|campaign|edition|season|collection|catalog(?:ue)?|deck|page|post|newsletter|site|version)\b",
    re.IGNORECASE,
)
"""The same inside a clause."""


class Clause(NamedTuple):
    """One part of an instruction: its words in lower case with `MARK` for each quotation, and the quotations."""

    words: str
    quotes: tuple[str, ...]

    @property
    def said(self) -> str:
        """The clause as a person would write it, quotations in their places."""
        text = self.words
        for quote in self.quotes:
            text = text.replace(MARK, f"'{quote}'", 1)
        return text


def split(prompt: str) -> tuple[Clause, ...]:
    """The clauses of an instruction that ask for something, in order.

    Clauses that only say what must stay or not be done, or why something is asked, are left out, unless nothing else
    was said.
    """
    prompt = prompt.translate(NO_MARKS)
    quotes = [next(group for group in found.groups() if group is not None).strip() for found in QUOTED.finditer(prompt)]
    words = unicodedata.normalize("NFKC", QUOTED.sub(f" {MARK} ", prompt)).lower()
    for phrase, single in TOGETHER.items():
        words = re.sub(phrase, single, words)
    words = PURPOSE.sub(" ", words)
    waiting = iter(quotes)
    clauses = []
    for part in filter(str.strip, BOUNDARIES.split(words)):
        held = tuple(next(waiting, "") for _ in range(part.count(MARK)))
        clauses.append(Clause(" ".join(part.split()), held))
    silent = (KEEPS, CONTEXT, NEGATED)
    asking = tuple(clause for clause in clauses if not any(words.search(clause.words) for words in silent))
    return asking or tuple(clauses)
