"""What a result has to hold, drawn from the instruction's own words."""

from __future__ import annotations

from tasks.domain.acceptance import checks_for
from tasks.domain.instruction import Action, parse
from tasks.domain.models import Contract, EditType


def draw_contract(prompt: str, edit_type: EditType, *, masked: bool) -> Contract:
    """What an edit of this kind, asked for in these words, must have done and must have left alone.

    `masked`: the request says by a mask where pixels may change. An appearance edit of the whole picture ("brighten
    it") has no outside to preserve, so it is held to what a change of look is held to.
    """
    operations = parse(prompt) if edit_type is not EditType.SEMANTIC else ()
    texts = tuple(operation.text for operation in operations if operation.text is not None)
    colours = tuple(o.colour for o in operations if o.action is Action.RECOLOUR and o.colour is not None)
    whole = not masked and any(operation.subject == "picture" for operation in operations)
    kind = EditType.SEMANTIC if whole and edit_type is EditType.APPEARANCE else edit_type
    return Contract(
        edit_type=edit_type,
        text_changes=texts,
        colours=colours if len(operations) == 1 else (),
        checks=checks_for(kind, has_text_changes=bool(texts)),
    )
