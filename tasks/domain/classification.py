"""Which kind of edit an instruction asks for, from its words.

Each clause is judged on its own, most telling evidence first; two kinds in one instruction make a hybrid. What a
thing that is added, removed or replaced looks like ("add a watercolour flower") says nothing about the picture as a
whole, so the verb decides before the style words do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tasks.domain import vocabulary as words
from tasks.domain.clauses import MARK, Clause, split
from tasks.domain.models import Classification, EditType


class Evidence(NamedTuple):
    """What one clause shows: the kind, how sure (0..1), and the words that say so."""

    kind: EditType
    weight: float
    because: str


Rule = Callable[[Clause], Evidence | None]

ASSERTED = 0.6
"""From this weight on a clause counts as a request of its own; weaker ones only follow a stronger one."""

VERBS = (words.CHANGE, words.ADD, words.WRITE, words.REMOVE, words.SWAP, words.RETOUCH)

CERTAIN = 0.8
"""Evidence from here on stands on its own whatever the other clauses say."""

UNSAID, UNSAID_LATER = 0.75, 0.6
"""What a clause without a verb is worth, at the start ("Watercolour style, and ...") and later ("..., lush trees")."""


def classify(prompt: str, edit_type: EditType | None = None) -> Classification:
    """The kind of edit with confidence (0..1) and the reason; `edit_type`, when given, is taken as it is.

    Without any known word the answer is appearance at low confidence: the kind whose checks let the least through.
    """
    if edit_type is not None:
        return Classification(edit_type=edit_type, confidence=1.0, reason="named in the request")
    found = _told(split(prompt))
    if not found:
        return Classification(
            edit_type=EditType.APPEARANCE, confidence=0.2, reason="no known words; the strictest kind is assumed"
        )
    told = [evidence for evidence in found if evidence.weight >= ASSERTED] or [max(found, key=lambda e: e.weight)]
    kinds = {evidence.kind: evidence for evidence in reversed(told)}
    if len(kinds) > 1:
        reason = "; ".join(f"{kind}: {evidence.because}" for kind, evidence in sorted(kinds.items()))
        return Classification(
            edit_type=EditType.HYBRID, confidence=round(min(e.weight for e in kinds.values()), 2), reason=reason
        )
    best = max(told, key=lambda evidence: evidence.weight)
    return Classification(edit_type=best.kind, confidence=round(best.weight, 2), reason=best.because)


def _told(clauses: Sequence[Clause]) -> list[Evidence]:
    """What the clauses show, less what only goes on about lettering ("Change 'A' to 'B' and make it red")."""
    judged = [(clause, _judge(clause, UNSAID if clause is clauses[0] else UNSAID_LATER)) for clause in clauses]
    lettering = any(evidence and evidence.kind is EditType.TEXT for _, evidence in judged)
    return [
        evidence
        for clause, evidence in judged
        if evidence and not (lettering and evidence.kind is EditType.APPEARANCE and _goes_on(clause, evidence))
    ]


def _goes_on(clause: Clause, evidence: Evidence) -> bool:
    """True when the clause names nothing of its own to be changed, added or removed."""
    return (
        evidence.weight < CERTAIN
        and bool(words.REFERS_BACK.search(clause.words))
        and not words.LOCAL.search(clause.words)
    )


def _judge(clause: Clause, unsaid: float) -> Evidence | None:
    """What the first rule that finds something says; without a verb in the clause it is worth `unsaid` of that."""
    if words.BARE_VERB.search(clause.words):
        return None
    for rule in RULES:
        if evidence := rule(clause):
            if evidence.kind is EditType.TEXT:  # "Delete the two people plus the caption": its verb went before
                unsaid = UNSAID
            return evidence if asks(clause) else evidence._replace(weight=evidence.weight * unsaid)
    return None


def asks(clause: Clause) -> bool:
    """True when the clause holds a verb, or puts a quotation beside a word for lettering."""
    if any(verb.search(clause.words) for verb in VERBS):
        return True
    return MARK in clause.words and bool(words.LETTERING.search(clause.words))


def _quoted_style(clause: Clause) -> Evidence | None:
    found = words.QUOTED_STYLE.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.9, f"a style named by '{clause.quotes[0]}'") if found else None


def _lettering(clause: Clause) -> Evidence | None:
    said = words.NAMED.sub(" ", clause.words)
    noun = words.LETTERING.search(said)
    if MARK in said:
        return Evidence(EditType.TEXT, 0.97 if noun else 0.9, f"quoted words '{clause.quotes[0]}'")
    return Evidence(EditType.TEXT, 0.85, f"lettering ('{noun.group()}')") if noun else None


def _effect(clause: Clause) -> Evidence | None:
    found = words.EFFECT.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.75, f"an effect over the whole picture ('{found.group()}')") if found else None


def _same_character(clause: Clause) -> Evidence | None:
    found = words.SAME.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.85, f"a character kept in a new scene ('{found.group()}')") if found else None


def _add_or_remove(clause: Clause) -> Evidence | None:
    found = words.REMOVE.search(clause.words) or words.ADD.search(clause.words)
    return Evidence(EditType.APPEARANCE, 0.88, f"an element comes or goes ('{found.group()}')") if found else None


def _viewpoint(clause: Clause) -> Evidence | None:
    found = words.VIEW.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.85, f"another viewpoint ('{found.group()}')") if found else None


def _backdrop(clause: Clause) -> Evidence | None:
    found = words.BACKDROP.search(clause.words)
    return Evidence(EditType.APPEARANCE, 0.8, f"what lies behind the subject ('{found.group()}')") if found else None


def _swap(clause: Clause) -> Evidence | None:
    verb, target = words.SWAP.search(clause.words), words.LOCAL.search(clause.words)
    if not verb or _whole_look(clause) or words.POSE.search(clause.words):
        return None
    return Evidence(EditType.APPEARANCE, 0.85 if target else 0.7, f"one thing for another ('{verb.group()}')")


def _look(clause: Clause) -> Evidence | None:
    found = _whole_look(clause)
    return Evidence(EditType.SEMANTIC, 0.85, f"a look of the whole picture ('{found}')") if found else None


def _recolour(clause: Clause) -> Evidence | None:
    colour, target = words.RECOLOUR.search(clause.words), words.LOCAL.search(clause.words)
    if not colour:
        return None
    return Evidence(EditType.APPEARANCE, 0.85 if target else 0.65, f"a colour ('{colour.group()}')")


def _pose(clause: Clause) -> Evidence | None:
    found = words.POSE.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.75, f"a pose ('{found.group()}')") if found else None


def _retouch(clause: Clause) -> Evidence | None:
    found = words.RETOUCH.search(clause.words)
    return Evidence(EditType.APPEARANCE, 0.75, f"a retouch ('{found.group()}')") if found else None


def _entire(clause: Clause) -> Evidence | None:
    found = words.ENTIRE.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.65, f"all of the picture ('{found.group()}')") if found else None


def _thing(clause: Clause) -> Evidence | None:
    found = words.LOCAL.search(clause.words)
    return Evidence(EditType.APPEARANCE, 0.65, f"one thing in the picture ('{found.group()}')") if found else None


def _turned_into(clause: Clause) -> Evidence | None:
    found = words.TURNED_INTO.search(clause.words)
    return Evidence(EditType.APPEARANCE, 0.62, f"one thing turned into another ('{found.group()}')") if found else None


def _whole(clause: Clause) -> Evidence | None:
    found = words.WHOLE.search(clause.words)
    return Evidence(EditType.SEMANTIC, 0.4, f"the picture as a whole ('{found.group()}')") if found else None


def _whole_look(clause: Clause) -> str | None:
    """The style or scene word of the clause, unless it only describes a thing ('a vintage car', 'a winter coat')."""
    rest = words.DESCRIBED_THING.sub(" ", clause.words)
    found = words.STYLE.search(rest) or words.SCENE.search(rest)
    return found.group() if found else None


RULES: tuple[Rule, ...] = (
    _quoted_style,
    _lettering,
    _effect,
    _same_character,
    _add_or_remove,
    _viewpoint,
    _backdrop,
    _swap,
    _look,
    _recolour,
    _pose,
    _retouch,
    _entire,
    _thing,
    _whole,
    _turned_into,
)
"""Most telling first; the first that finds something decides for its clause."""
