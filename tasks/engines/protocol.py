"""The seam every editing engine fits: one method, one identity, and what it says about how it works.

An engine knows nothing of files, flows, retries or checks. It gets pixels and a plan and gives pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from PIL import Image

from tasks.domain.models import EditPlan, EngineIdentity
from tasks.domain.traits import Traits
from tasks.engines.vision import VisionModel

Report = Callable[[int, int], None]
"""`report(done, total)`: called by the engine between units of work, first with done=0. Whatever it raises
(normally `EditCancelled`) ends the edit at once; the engine stays usable."""


@dataclass(frozen=True)
class Edited:
    """What an engine gives back: the picture and notes about its own work.

    The picture shows all of what the engine was shown; in another size it is scaled back.
    """

    image: Image.Image
    notes: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    """Time of the device, where that is not the time of the call: an engine elsewhere also has a queue."""


class Engine(Protocol):
    """Makes edited pictures."""

    @property
    def identity(self) -> EngineIdentity:
        """Who made the picture: name, model, revision."""
        ...

    @property
    def traits(self) -> Traits:
        """How it works: at which size, exactly or not, and what makes a difference to it."""
        ...

    @property
    def vision(self) -> VisionModel | None:
        """The vision-language model it brings along, fit for use; None when it has none."""
        ...

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """The edited picture.

        `source` is what the engine is shown, a picture or a part of one, as its traits ask for it: sRGB, mode RGB or
        RGBA. `mask` is mode L of the same size, 255 where pixels may change, or None; boxes in the plan are in pixels
        of the whole picture. `references` are further pictures the instruction speaks of (sRGB, RGB or RGBA, any
        size), at most as many as the traits say. The same arguments give the same pixels. Callable from any thread.
        Raises `UnsupportedInstruction` when the engine cannot do what the plan asks, `EngineError` when it fails.
        """
        ...
