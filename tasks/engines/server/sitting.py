"""From the files of a request to what an engine is shown, and from its answer back to a file.

All of this is done off the event loop and off the device thread, so that one picture is decoded or encoded while
another is being edited.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

import numpy as np
from PIL import Image

from tasks.domain.classification import classify
from tasks.domain.contracts import draw_contract
from tasks.domain.models import Box, EditPlan, View
from tasks.domain.traits import Traits
from tasks.engines.protocol import Edited, Engine, Report
from tasks.engines.server.errors import BadField
from tasks.engines.server.order import EditOrder, Sent
from tasks.imaging import viewport
from tasks.imaging.area import bounding_box
from tasks.imaging.codec import MAX_PIXELS, decode, decode_mask, encode, ensure_encodable

ASPECT_TOLERANCE = 0.01
"""How far, as a share, another size's aspect may be from the picture's: a rounding, not a distortion."""


class Sitting(NamedTuple):
    """One request, ready for the engine."""

    order: EditOrder
    source: Image.Image
    view: View
    shown: Image.Image
    mask: Image.Image | None
    references: tuple[Image.Image, ...]
    plans: tuple[EditPlan, ...]
    size: tuple[int, int]
    """Width and height of what is answered."""

    def edit(self, engine: Engine, report: Report, index: int) -> Edited:
        """What the engine makes of it: picture `index` of the request."""
        return engine.edit(self.shown, self.plans[index], self.mask, report, self.references)


class Picture(NamedTuple):
    """A finished picture."""

    data: bytes
    size: tuple[int, int]
    transparent: bool


def prepare(sent: Sent, traits: Traits) -> Sitting:
    """The pictures decoded, the plans made, and what the engine is shown.

    Raises `ImageError`, `MaskError` or `BadField` when they do not fit each other or the engine.
    """
    source = decode(sent.source.read(), name=sent.source.name or "image")
    order = sent.order
    size = order.size or source.size
    ensure_undistorted(size, source.size)
    ensure_encodable(size, order.output_format)
    mask = None
    if sent.mask is not None:
        mask = decode_mask(sent.mask.read(), name=sent.mask.name or "mask", size=source.size)
    region = bounding_box(np.asarray(mask) > 0) if mask is not None else None
    view = viewport.view_of(source.size, region, works_at=traits.works_at, multiple=traits.multiple)
    return Sitting(
        order=order,
        source=source,
        view=view,
        shown=viewport.show(source, view),
        mask=viewport.show_mask(mask, view) if mask is not None else None,
        references=tuple(decode(upload.read(), name=upload.name or "image") for upload in sent.references),
        plans=_plans(order, traits, region),
        size=size,
    )


def finish(sitting: Sitting, answer: Image.Image) -> Picture:
    """The answer of the engine as the file that was asked for, of the source's size or the one asked for."""
    whole = viewport.put_back(sitting.source, answer, sitting.view)
    if whole.size != sitting.size:
        whole = whole.resize(sitting.size, Image.Resampling.LANCZOS)
    data = encode(whole, sitting.order.output_format)
    return Picture(data, whole.size, whole.mode == "RGBA" and sitting.order.output_format != "jpeg")


def _plans(order: EditOrder, traits: Traits, region: Box | None) -> tuple[EditPlan, ...]:
    """What the engine is told, one plan a picture: they differ in the seed."""
    kind = classify(order.prompt, order.edit_type).edit_type
    drafts = {draft.adapter: draft for draft in traits.drafts}
    recipe = drafts[order.adapter] if order.adapter else traits.recipes[kind]
    seed = secrets.randbits(32) if order.seed is None else order.seed
    plan = EditPlan(
        contract=draw_contract(order.prompt, kind, masked=region is not None),
        prompt=order.prompt,
        negative_prompt=recipe.negative_prompt if order.negative_prompt is None else order.negative_prompt,
        cfg_scale=recipe.cfg_scale if order.cfg is None else order.cfg,
        steps=recipe.steps if order.steps is None else order.steps,
        adapter=order.adapter,
        seed=seed,
        region=region,
        priority=order.priority,
    )
    return tuple(plan.model_copy(update={"seed": (seed + index) % 2**63}) for index in range(order.n))


def ensure_undistorted(size: tuple[int, int], source: tuple[int, int]) -> None:
    """Return when `size` has the shape of the source and can be made; raises `BadField` otherwise."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise BadField(f"size={width}x{height}: at most {MAX_PIXELS / 1e6:.0f} megapixels are made", "size")
    ratio = (width / height) / (source[0] / source[1])
    if abs(ratio - 1) > ASPECT_TOLERANCE:
        fitting = f"{width}x{max(1, round(width * source[1] / source[0]))}"
        raise BadField(
            f"size={width}x{height} would distort the picture, which is {source[0]}x{source[1]}: "
            f"ask for auto, or a size of the same shape such as {fitting}",
            "size",
        )
