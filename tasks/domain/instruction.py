"""What an instruction asks for, as operations a program can act on.

`parse` understands a documented vocabulary in English, Korean and Chinese (`EXAMPLES`); what it does not understand it
leaves out, so an empty answer means "outside the vocabulary", never "nothing to do".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from pydantic import Field

from tasks.domain import lexicon
from tasks.domain import vocabulary as words
from tasks.domain.classification import asks
from tasks.domain.clauses import MARK, NEGATED, Clause, split
from tasks.domain.models import Frozen, TextChange


class Action(StrEnum):
    """The verbs of the vocabulary."""

    REPLACE_TEXT = "replace text"
    REMOVE_TEXT = "remove text"
    ADD_TEXT = "add text"
    RECOLOUR = "recolour"
    BRIGHTEN = "brighten"
    DARKEN = "darken"
    BLUR = "blur"
    REMOVE_OBJECT = "remove object"
    ADD_OBJECT = "add object"
    STYLE = "style"


EXAMPLES: Mapping[Action, tuple[str, str, str]] = {
    Action.REPLACE_TEXT: (
        "Change the text 'Summer Sale' to 'Winter Sale'",
        "'여름 세일'을 '겨울 세일'로 바꿔줘",
        "把“夏季促销”改成“冬季促销”",
    ),
    Action.REMOVE_TEXT: ("Remove the text 'SOLD OUT'", "'품절' 문구를 지워줘", "删除文字“售罄”"),
    Action.ADD_TEXT: (
        "Add the text 'NEW' at the top right in red",
        "왼쪽 위에 '신상품'이라고 흰색으로 써줘",
        "在左上角添加文字“新品”",
    ),
    Action.RECOLOUR: ("Make the background blue", "빨간색을 초록색으로 바꿔줘", "把红色的车改成蓝色"),
    Action.BRIGHTEN: ("Brighten the picture", "사진을 밝게 해줘", "把图片调亮"),
    Action.DARKEN: ("Darken the background", "배경을 어둡게 해줘", "把背景调暗"),
    Action.BLUR: ("Blur the background", "배경을 흐리게 해줘", "虚化背景"),
    Action.REMOVE_OBJECT: (
        "Remove the object in the red box",
        "오른쪽 아래 물체를 지워줘",
        "删除左上角的物体",
    ),
    Action.ADD_OBJECT: (
        "Add a modern painting on the wall",
        "왼쪽 위에 노란 별을 추가해줘",
        "在右上角加一个红色的星星",
    ),
    Action.STYLE: ("Make it a watercolour painting", "연필 스케치로 바꿔줘", "把照片变成黑白风格"),
}
"""One example per action and language; each parses to its action."""


class Operation(Frozen):
    """One thing to do. Words are normalised to English keys, whatever language they were written in."""

    action: Action
    text: TextChange | None = Field(default=None, description="For the text actions: what goes and what comes.")
    subject: str | None = Field(
        default=None, description="What is changed: 'background', 'picture' (all of it), or the key of its colour."
    )
    colour: str | None = Field(default=None, description="Target colour as a key ('red') or '#rrggbb'.")
    place: str | None = Field(default=None, description="A cell of the 3x3 grid: 'top-left', 'top', ... 'center' ...")
    marked_by: str | None = Field(
        default=None, description="Colour of the box or highlight that marks the region ('in the red box')."
    )
    thing: str | None = Field(default=None, description="For ADD_OBJECT: a key of lexicon.THINGS.")
    style: str | None = Field(default=None, description="For STYLE: a key of lexicon.STYLES.")


def parse(prompt: str) -> tuple[Operation, ...]:
    """The operations `prompt` asks for, in order; empty when none of its words are in the vocabulary."""
    return tuple(operation for clause in _requests(prompt) if (operation := _read(clause)))


def unread(prompt: str) -> tuple[str, ...]:
    """The clauses of `prompt` that ask for something `parse` does not understand, as it saw them."""
    return tuple(clause.said for clause in _requests(prompt) if _read(clause) is None and asks(clause))


def _requests(prompt: str) -> list[Clause]:
    """The clauses of `prompt`; one that only says where ("..., and put it at the top") goes with the one before."""
    requests: list[Clause] = []
    for clause in split(prompt):
        if requests and lexicon.PUT_IT.search(clause.words) and _place(clause.words):
            before = requests.pop()
            clause = Clause(f"{before.words} {clause.words}", before.quotes)  # noqa: PLW2901  the two are one request
        requests.append(clause)
    return requests


def places(prompt: str) -> tuple[str, ...]:
    """The places that the clauses of `prompt` name, whether or not the rest of them is in the vocabulary."""
    return tuple(place for clause in _requests(prompt) if (place := _place(clause.words)))


def target_colours(prompt: str) -> tuple[str, ...]:
    """The colours that what changes is to take on: of every recolouring and addition, else the last that is named."""
    operations = parse(prompt)
    if operations:
        return tuple(operation.colour for operation in operations if operation.colour and operation.text is None)
    named = [colour for clause in _requests(prompt) for colour in _colours(_without_marker(clause.words))]
    return tuple(named[-1:])


def first(table: Mapping[str, re.Pattern[str]], text: str) -> str | None:
    """The key whose words come first in `text`; at the same place the longer words win."""
    hits = [(found.start(), -len(found.group()), key) for key, entry in table.items() if (found := entry.search(text))]
    return min(hits)[2] if hits else None


def _read(clause: Clause) -> Operation | None:
    if NEGATED.search(clause.words):
        return None
    for rule in RULES:
        if operation := rule(clause):
            return operation
    return None


def _place(text: str) -> str | None:
    return first(lexicon.PLACES, text)


def _marker(text: str) -> str | None:
    """The colour of the box, highlight or outline that marks a region."""
    found = lexicon.MARKED.search(text)
    return first(lexicon.COLOURS, found.group()) if found else None


def _without_marker(text: str) -> str:
    return lexicon.MARKED.sub(" ", text)


def _colours(text: str) -> list[str]:
    """Colour keys and hex values in the order they are named."""
    hits = [(found.span(), key) for key, entry in lexicon.COLOURS.items() for found in entry.finditer(text)]
    hits += [(found.span(), found.group()) for found in lexicon.HEX.finditer(text)]
    inside = {
        small
        for small, _ in hits
        for large, _ in hits
        if small != large and large[0] <= small[0] and small[1] <= large[1]
    }  # the blue in dark blue
    return [key for span, key in sorted(hits) if span not in inside]


def _lettering(clause: Clause) -> Operation | None:
    text, quotes = clause.words, clause.quotes
    if MARK not in text or words.QUOTED_STYLE.search(text) or lexicon.WRITTEN_ON.search(text):
        return None
    where = {"place": _place(text), "marked_by": _marker(text)}
    if len(quotes) >= 2:
        old, new = (quotes[1], quotes[0]) if lexicon.NEW_BEFORE_OLD.search(text) else (quotes[0], quotes[1])
        return Operation(action=Action.REPLACE_TEXT, text=TextChange(old=old, new=new), **where)
    if words.REMOVE.search(text):
        return Operation(action=Action.REMOVE_TEXT, text=TextChange(old=quotes[0]), **where)
    if words.ADD.search(text) or words.WRITE.search(text):
        colours = _colours(_without_marker(text))
        colour = colours[0] if colours else None
        return Operation(action=Action.ADD_TEXT, text=TextChange(new=quotes[0]), colour=colour, **where)
    return None


def _style(clause: Clause) -> Operation | None:
    text = words.DESCRIBED_THING.sub(" ", clause.words)
    if clause.quotes and words.QUOTED_STYLE.search(text):
        text = text.replace(MARK, clause.quotes[0].lower(), 1)
    style = first(lexicon.STYLES, text)
    if style is None or words.BACKDROP.search(text) or (words.ADD.search(text) and not words.EFFECT.search(text)):
        return None
    return Operation(action=Action.STYLE, style=style, subject="picture")


def _add_object(clause: Clause) -> Operation | None:
    text = clause.words
    thing = first(lexicon.THINGS, text)
    if thing is None or not (words.ADD.search(text) or lexicon.DRAW.search(text)) or words.REMOVE.search(text):
        return None
    colours = _colours(_without_marker(text))
    return Operation(
        action=Action.ADD_OBJECT,
        thing=thing,
        text=TextChange(new=clause.quotes[0]) if clause.quotes else None,
        colour=colours[0] if colours else None,
        place=_place(text),
        marked_by=_marker(text),
    )


def _remove_object(clause: Clause) -> Operation | None:
    text = clause.words
    if not words.REMOVE.search(text) or words.LETTERING.search(text):
        return None
    colours = _colours(_without_marker(text))
    return Operation(
        action=Action.REMOVE_OBJECT,
        subject=colours[0] if colours else None,
        place=_place(text),
        marked_by=_marker(text),
    )


def _adjust(clause: Clause) -> Operation | None:
    """Brighten, darken or blur: the background, a place, a marked region, or the whole picture."""
    action = first(lexicon.ADJUSTMENTS, clause.words)
    if action is None:
        return None
    place, marked_by = _place(clause.words), _marker(clause.words)
    pointed_at = place or marked_by or lexicon.MASKED.search(clause.words)
    subject = "background" if words.BACKDROP.search(clause.words) else None if pointed_at else "picture"
    return Operation(action=Action(action), subject=subject, place=place, marked_by=marked_by)


def _recolour(clause: Clause) -> Operation | None:
    """Something to a colour: the background, what has a named colour, or what lies in a place or marked region."""
    text = _without_marker(clause.words)
    if not (words.CHANGE.search(text) or words.SWAP.search(text)):
        return None
    colours, place, marked_by = _colours(text), _place(text), _marker(clause.words)
    if not colours:
        return None
    if words.BACKDROP.search(text):
        subject: str | None = "background"
    elif len(colours) > 1:
        subject = colours[0]
    elif place or marked_by or lexicon.MASKED.search(text):
        subject = None
    else:
        return None  # "make the car blue": nothing says where the car is
    return Operation(action=Action.RECOLOUR, subject=subject, colour=colours[-1], place=place, marked_by=marked_by)


RULES: tuple[Callable[[Clause], Operation | None], ...] = (
    _lettering,
    _style,
    _add_object,
    _remove_object,
    _adjust,
    _recolour,
)
"""Most telling first; the first that understands a clause decides."""
