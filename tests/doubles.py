"""Stand-ins that keep the real contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PIL import Image, ImageEnhance

from tasks.domain.models import EditPlan, EngineIdentity
from tasks.engines.protocol import Edited, Report

Step = Callable[[Image.Image], Image.Image]


def warm(image: Image.Image) -> Image.Image:
    """A look that keeps the composition and changes the colours: what a right semantic edit is like."""
    red, green, blue = ImageEnhance.Color(image.convert("RGB")).enhance(0.4).split()
    return Image.merge("RGB", (red.point(lambda v: min(255, int(v * 1.15))), green, blue.point(lambda v: int(v * 0.7))))


def unchanged(image: Image.Image) -> Image.Image:
    """What a failed edit is like: the source again."""
    return image.copy()


class ScriptedEngine:
    """An engine that answers each call with the next step of `script` and remembers the plans it was given."""

    script: ClassVar[list[Step]] = []
    plans: ClassVar[list[EditPlan]] = []

    identity = EngineIdentity(name="scripted", model="none", revision="1", stand_in=True)

    def edit(self, source: Image.Image, plan: EditPlan, mask: Image.Image | None, report: Report) -> Edited:
        del mask
        report(0, 1)
        self.plans.append(plan)
        picture = self.script[len(self.plans) - 1](source)
        report(1, 1)
        return Edited(picture, {"call": str(len(self.plans))})
