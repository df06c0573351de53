"""An instruction made stronger: what was wrong with its last result, demanded in its own language.

The instruction itself stays word for word; demands follow it. What is to be read or removed is quoted in them exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto

from tasks.domain.clauses import QUOTED
from tasks.domain.models import MAX_PROMPT, FailureClass, TextChange
from tasks.domain.wording import Script, script_of


class Demand(Enum):
    """What can be asked for once more."""

    WRITE = auto()
    ERASE = auto()
    LETTERING = auto()
    OTHER_TEXT = auto()
    VISIBLE = auto()
    COLOUR = auto()
    PLACE = auto()
    FRAMING = auto()
    LIGHT = auto()
    SHARP = auto()
    CLEAN = auto()
    KEEP = auto()


PHRASES: Mapping[Demand, Mapping[Script, str]] = {
    Demand.WRITE: {
        Script.LATIN: "Write exactly {quoted}.",
        Script.HANGUL: "정확히 {quoted}(이)라고 써줘.",
        Script.HANZI: "文字必须准确写成{quoted}。",
    },
    Demand.ERASE: {
        Script.LATIN: "Remove every trace of {quoted}.",
        Script.HANGUL: "{quoted} 글자는 흔적 없이 지워줘.",
        Script.HANZI: "彻底去除{quoted}的所有痕迹。",
    },
    Demand.LETTERING: {
        Script.LATIN: "Use the typeface, size and colour of the original lettering.",
        Script.HANGUL: "원래 글자의 글꼴, 크기, 색을 그대로 써줘.",
        Script.HANZI: "使用原文字的字体、大小和颜色。",
    },
    Demand.OTHER_TEXT: {
        Script.LATIN: "Leave all other text as it is.",
        Script.HANGUL: "다른 글자는 모두 그대로 둬.",
        Script.HANZI: "其他文字保持不变。",
    },
    Demand.VISIBLE: {
        Script.LATIN: "The change must be clearly visible.",
        Script.HANGUL: "바뀐 부분이 분명히 보여야 해.",
        Script.HANZI: "改动必须清晰可见。",
    },
    Demand.COLOUR: {
        Script.LATIN: "Use exactly the colour that was asked for.",
        Script.HANGUL: "요청한 색을 정확히 써줘.",
        Script.HANZI: "颜色必须与要求完全一致。",
    },
    Demand.PLACE: {
        Script.LATIN: "Change only what was named, where it was named.",
        Script.HANGUL: "말한 것만, 말한 자리에서만 바꿔줘.",
        Script.HANZI: "只在指定的位置修改指定的内容。",
    },
    Demand.FRAMING: {
        Script.LATIN: "Do not crop, zoom or move the picture.",
        Script.HANGUL: "구도를 그대로 두고 자르거나 확대하거나 옮기지 마.",
        Script.HANZI: "保持构图不变，不要裁剪、缩放或移动画面。",
    },
    Demand.LIGHT: {
        Script.LATIN: "Keep the original colours and light.",
        Script.HANGUL: "원래의 색과 밝기를 유지해줘.",
        Script.HANZI: "保持原有的颜色和光线。",
    },
    Demand.SHARP: {
        Script.LATIN: "Keep it as sharp as the original.",
        Script.HANGUL: "원본만큼 선명하게 해줘.",
        Script.HANZI: "清晰度与原图一致。",
    },
    Demand.CLEAN: {
        Script.LATIN: "Leave a clean ground without smears or ghosts.",
        Script.HANGUL: "바탕에 얼룩이나 글자 자국을 남기지 마.",
        Script.HANZI: "背景干净，不留污迹或残影。",
    },
    Demand.KEEP: {
        Script.LATIN: "Keep everything else unchanged.",
        Script.HANGUL: "그 밖의 것은 모두 그대로 유지해줘.",
        Script.HANZI: "其他内容保持完全不变。",
    },
}

DEMANDED: Mapping[FailureClass, tuple[Demand, ...]] = {
    FailureClass.DAMAGED: (Demand.KEEP,),
    FailureClass.CONTENT_REPLACED: (Demand.PLACE, Demand.KEEP),
    FailureClass.UNCHANGED: (Demand.WRITE, Demand.ERASE, Demand.VISIBLE),
    FailureClass.NOT_FOLLOWED: (Demand.VISIBLE,),
    FailureClass.TEXT_MISSING: (Demand.WRITE, Demand.KEEP),
    FailureClass.TEXT_WRONG: (Demand.WRITE, Demand.KEEP),
    FailureClass.TEXT_UNREADABLE: (Demand.WRITE, Demand.SHARP),
    FailureClass.OLD_TEXT_LEFT: (Demand.ERASE, Demand.KEEP),
    FailureClass.WRONG_PLACE: (Demand.PLACE, Demand.KEEP),
    FailureClass.STRUCTURE_LOST: (Demand.KEEP,),
    FailureClass.OTHER_TEXT_LOST: (Demand.OTHER_TEXT, Demand.KEEP),
    FailureClass.FRAMING_DRIFT: (Demand.FRAMING,),
    FailureClass.WRONG_COLOUR: (Demand.COLOUR,),
    FailureClass.COLOUR_CAST: (Demand.LIGHT,),
    FailureClass.STYLE_LOST: (Demand.LETTERING,),
    FailureClass.SMEARED: (Demand.CLEAN,),
    FailureClass.BLURRED: (Demand.SHARP,),
    FailureClass.DENIED: (),
}

MARKS: Mapping[Script, tuple[str, ...]] = {
    Script.LATIN: ("''", '""', "“”", "「」"),
    Script.HANGUL: ("''", '""', "“”", "「」"),
    Script.HANZI: ("“”", "「」", "''", '""'),
}
"""Quotation marks of a language, the usual first; the first pair that is not part of the words is used."""


def strengthened(prompt: str, changes: Sequence[TextChange], failures: Sequence[FailureClass]) -> str:
    """`prompt` followed by what `failures` demand, in its language, each demand once and only those that fit.

    At most `MAX_PROMPT` characters; `prompt` itself when nothing can be added.
    """
    script = script_of(QUOTED.sub(" ", prompt))
    wanted = dict.fromkeys(demand for failure in failures for demand in DEMANDED[failure])
    stronger = prompt
    for demand in sorted(wanted, key=lambda each: each.value):
        for sentence in _sentences(demand, changes, script):
            longer = _joined(stronger, sentence, script)
            if sentence not in stronger and len(longer) <= MAX_PROMPT:
                stronger = longer
    return stronger


def _sentences(demand: Demand, changes: Sequence[TextChange], script: Script) -> Iterator[str]:
    phrase = PHRASES[demand][script]
    match demand:
        case Demand.WRITE:
            yield from (phrase.format(quoted=_quoted(change.new, script)) for change in changes if change.new)
        case Demand.ERASE:
            gone = (change.old for change in changes if change.old and change.old not in (change.new or ""))
            yield from (phrase.format(quoted=_quoted(words, script)) for words in gone)
        case _:
            yield phrase


def _quoted(words: str, script: Script) -> str:
    pair = next((pair for pair in MARKS[script] if not set(pair) & set(words)), MARKS[script][0])
    return f"{pair[0]}{words}{pair[1]}"


def _joined(text: str, sentence: str, script: Script) -> str:
    stop, gap = ("。", "") if script is Script.HANZI else (".", " ")
    text = text.rstrip()
    return f"{text}{'' if text.endswith(tuple('.!?。！？')) else stop}{gap}{sentence}"
