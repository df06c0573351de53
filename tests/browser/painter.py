"""The classical engine at the pace of a generative one, and clumsy where the instruction says so."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PIL import Image, ImageDraw

from tasks.domain.models import EditPlan, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Report
from tasks.engines.registry import get_engine

STEPS = 8
PACE = 0.25
"""Seconds a step takes: long enough to be seen moving."""
CLUMSY = "(clumsily)"
"""In an instruction: the edit is made, and a patch far from it is ruined."""


class Painter:
    """Real edits, in steps."""

    identity = EngineIdentity(name="painter", model="Tests/Painter-1", revision="1")
    traits = Traits()
    vision = None

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        for step in range(STEPS):
            report(step, STEPS)
            time.sleep(PACE)
        asked = plan.model_copy(update={"prompt": plan.prompt.replace(CLUMSY, "").strip()})
        edited = get_engine("classical").edit(source, asked, mask, lambda *_: None, references)
        report(STEPS, STEPS)
        if CLUMSY not in plan.prompt:
            return edited
        ruined = edited.image.copy()
        width, height = ruined.size
        ImageDraw.Draw(ruined).rectangle((0, height * 4 // 5, width, height), fill=(90, 20, 120))
        return Edited(ruined, edited.notes)
