"""What a result has to hold, drawn from the instruction's own words."""

from __future__ import annotations

import re

from tasks.domain import lexicon
from tasks.domain.acceptance import checks_for
from tasks.domain.clauses import split
from tasks.domain.instruction import parse, target_colours
from tasks.domain.models import Contract, EditType

RESTYLED = re.compile(
    r"\b(?:bold|italic|larger|bigger|smaller|(?:different|another|new) (?:font|typeface|colou?r|style))\b"
    r"|굵게|크게|작게|다른 (?:글꼴|서체|폰트|색)|加粗|放大|缩小|换[个种]?(?:字体|颜色)",
    re.IGNORECASE,
)
"""Words that ask for lettering to look different, beside the names of colours ..."""
KEPT = re.compile(
    r"\b(?:same|keep|keeping|maintain|preserv|match|original)|유지|그대로|동일|똑같|保持|不变|一致|原有",
    re.IGNORECASE,
)
"""... and words that say it shall stay as it is."""


WHICH = {
    "top": re.compile(r"\b(?:top|upper|first)\b|위(?:쪽|에|의)?|첫|上(?:面|方|边|部)|第一"),
    "bottom": re.compile(r"\b(?:bottom|lower|last|second)\b|아래|밑|마지막|두 ?번째|下(?:面|方|边|部)|第二|最后"),
    "left": re.compile(r"\bleft\b|왼|좌측|左"),
    "right": re.compile(r"\bright\b|오른|우측|右"),
}
"""Words that tell equal texts apart."""


def draw_contract(prompt: str, edit_type: EditType, *, masked: bool) -> Contract:
    """What an edit of this kind, asked for in these words, must have done and must have left alone.

    `masked`: the request says by a mask where pixels may change. An appearance edit of the whole picture ("brighten
    it") has no outside to preserve, so it is held to what a change of look is held to.
    """
    operations = parse(prompt) if edit_type is not EditType.SEMANTIC else ()
    texts = tuple(operation.text for operation in operations if operation.text is not None)
    whole = not masked and any(operation.subject == "picture" for operation in operations)
    kind = EditType.SEMANTIC if whole and edit_type is EditType.APPEARANCE else edit_type
    asked = [clause.words for clause in split(prompt)]
    return Contract(
        edit_type=edit_type,
        text_changes=texts,
        colours=target_colours(prompt) if len(operations) <= 1 and not texts else (),
        restyled=any(_restyles(words) for words in asked),
        single=len(asked) == 1 and not texts and all(operation.subject is None for operation in operations),
        which=next((way for way, words in WHICH.items() if any(map(words.search, asked))), None) if texts else None,
        checks=checks_for(kind, has_text_changes=bool(texts)),
    )


def _restyles(words: str) -> bool:
    """True when a clause asks for another look of the lettering, and does not say that it shall stay."""
    named = any(pattern.search(words) for pattern in lexicon.COLOURS.values())
    return bool(named or RESTYLED.search(words)) and not KEPT.search(words)
