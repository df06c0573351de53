"""Stand-ins that keep the real contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from tasks.domain.models import EditPlan, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Report
from tasks.engines.registry import get_engine

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
        del mask, references
        report(0, 1)
        self.plans.append(plan)
        picture = self.script[len(self.plans) - 1](source)
        report(1, 1)
        return Edited(picture, {"call": str(len(self.plans))})


def drifted(image: Image.Image, seed: int) -> Image.Image:
    """`image` as a generative model gives it back: every pixel passed through it.

    At about one megapixel with sides that are multiples of 32; shifted by 2 pixels, zoomed by 0.4 %, the gain of each
    channel up to 2 % off, softened, noisy. The same seed gives the same.
    """
    random = np.random.default_rng(seed)
    scale = (1_000_000 / (image.width * image.height)) ** 0.5
    width, height = (max(32, round(side * scale / 32) * 32) for side in image.size)
    large = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    zoom, angle = 1 / 1.004, random.uniform(0, 2 * np.pi)
    across, down = 2 * np.cos(angle), 2 * np.sin(angle)
    affine = (zoom, 0, (1 - zoom) * width / 2 - across, 0, zoom, (1 - zoom) * height / 2 - down)
    moved = large.transform(large.size, Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    edge = large.filter(ImageFilter.GaussianBlur(2))  # what a model makes up where the picture moved away from
    inside = Image.new("L", large.size, 255).transform(large.size, Image.Transform.AFFINE, affine)
    soft = Image.composite(moved, edge, inside).filter(ImageFilter.GaussianBlur(0.6))
    gained = np.asarray(soft, dtype=np.float64) * random.uniform(0.98, 1.02, 3)
    noisy = gained + random.normal(0, 1.5, gained.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).round().astype(np.uint8))


class DriftingEngine:
    """The classical engine's edits as a generative model would give them back: right, and not a pixel as it was."""

    identity = EngineIdentity(name="drifting", model="classical, drifted", revision="1", stand_in=True)
    traits = Traits(works_at=1_000_000, multiple=32)

    vision = None

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        edited = get_engine("classical").edit(source, plan, mask, report, references)
        return Edited(drifted(edited.image, plan.seed), edited.notes)
