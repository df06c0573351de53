"""Engines to put behind the server: quick ones, ones that halt at each step, ones that break."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageOps

from tasks.domain.errors import DeviceMemoryError, EngineError, UnsupportedInstruction
from tasks.domain.models import EditPlan, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Report

FAULTS: dict[str, Callable[[], BaseException]] = {
    "crash": lambda: RuntimeError("CUDA error: device-side assert triggered"),
    "exit": lambda: SystemExit(3),
    "fail": lambda: EngineError("the sampler made no picture"),
    "overflow": lambda: DeviceMemoryError("4096 x 4096 does not fit into 8 GiB: ask for less"),
    "refuse": lambda: UnsupportedInstruction("only photographs"),
}
"""What the engine raises, by the prompt that asks for it."""


def inverted(picture: Image.Image) -> Image.Image:
    colours = ImageOps.invert(picture.convert("RGB"))
    if picture.mode == "RGBA":
        colours.putalpha(picture.getchannel("A"))
    return colours


class InvertingEngine:
    """The negative of what it is shown, in one step; a prompt of `FAULTS` makes it fail."""

    identity = EngineIdentity(name="inverting", model="Tests/Inverting-1", revision="7")
    vision = None

    def __init__(self, traits: Traits | None = None) -> None:
        self.traits = traits or Traits(references=2)
        self.calls: list[tuple[Image.Image, EditPlan, Image.Image | None, Sequence[Image.Image]]] = []

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        self.calls.append((source, plan, mask, references))
        report(0, 1)
        if plan.prompt in FAULTS:
            fault = FAULTS[plan.prompt]()
            raise fault
        report(1, 1)
        return Edited(inverted(source), {"colours": "反转 inverted"})


class SteppingEngine(InvertingEngine):
    """The same in `plan.steps` steps, each of which waits for leave; `begun` tells the prompts in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.steps = 0
        self._leave = threading.Semaphore(0)

    def let(self, steps: int) -> None:
        """Give leave for that many steps."""
        self._leave.release(steps)

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        del mask, references
        self.begun.append(plan.prompt)
        for step in range(plan.steps):
            report(step, plan.steps)
            assert self._leave.acquire(timeout=20), "the test gave no leave for a step"
            self.steps += 1
        report(plan.steps, plan.steps)
        return Edited(inverted(source))


class Onlooker:
    """Tells bright pictures from dark ones."""

    def probabilities(self, pictures: Sequence[Image.Image], question: str, labels: Sequence[str]) -> dict[str, float]:
        del question
        bright = float(np.asarray(pictures[0]).mean()) / 255
        weights = [bright if index == 0 else (1 - bright) / (len(labels) - 1) for index in range(len(labels))]
        assert math.isclose(sum(weights), 1)
        return dict(zip(labels, weights, strict=True))

    def answer(self, pictures: Sequence[Image.Image], question: str, *, max_tokens: int, seconds: float) -> str:
        if "too long" in question:
            raise EngineError(f"not done after {seconds:g} s")
        seen = ", ".join(f"{picture.width}x{picture.height} {picture.mode}" for picture in pictures)
        return f"{seen}; {question}; {max_tokens}"


class SeeingEngine(InvertingEngine):
    """The inverting engine with a vision-language model."""

    def __init__(self) -> None:
        super().__init__()
        self.vision = Onlooker()  # type: ignore[assignment]
