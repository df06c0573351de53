"""An edit as a form: the plan's fields under the server's names, pictures as PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tasks.domain.models import Box, EditPlan, View
from tasks.engines.endpoint.connection import Part
from tasks.engines.endpoint.quirks import Quirks, Sizes
from tasks.imaging import viewport

FAST = 1
"""PNG compression: the picture travels once, and a tenth more bytes costs less than packing them would."""


class Order(NamedTuple):
    """What is posted, and how what is shown relates to what was given."""

    data: dict[str, str]
    files: tuple[Part, ...]
    view: View
    notes: dict[str, str]


def order(
    quirks: Quirks,
    model: str,
    source: Image.Image,
    plan: EditPlan,
    mask: Image.Image | None,
    references: Sequence[Image.Image],
) -> Order:
    """The form that asks a server of this kind for the edit."""
    view = _view(quirks, source.size)
    pictures = [viewport.show(source, view), *references]
    if not quirks.alpha:
        pictures = [picture.convert("RGB") for picture in pictures]
    field = "image" if len(pictures) == 1 else "image[]"
    files = [(field, (f"picture-{at}.png", _png(picture), "image/png")) for at, picture in enumerate(pictures, start=1)]
    notes: dict[str, str] = {}
    if mask is not None and quirks.masks:
        notes["mask"] = f"not sent: {quirks.masks}"
    elif mask is not None:
        files.append(("mask", ("mask.png", _png(_stencil(viewport.show_mask(mask, view))), "image/png")))
    data = {"prompt": plan.prompt, "n": "1", "output_format": "png", **quirks.fixed}
    data |= {name: str(getattr(plan, field)) for field, name in quirks.plan_fields.items()}
    if "seed" in quirks.plan_fields:
        data[quirks.plan_fields["seed"]] = str(plan.seed % (quirks.largest_seed + 1))
    if model:
        data["model"] = model
    if quirks.sizes is not Sizes.OWN:
        data["size"] = "x".join(map(str, view.padded))
    if quirks.tells:
        data["edit_type"] = plan.contract.edit_type.value
    if quirks.streams:
        data["stream"] = "true"
    return Order(data, tuple(files), view, notes)


def _view(quirks: Quirks, size: tuple[int, int]) -> View:
    """All of the picture, as it is; or scaled and padded to the listed size with the most room for it."""
    padded = scaled = size
    if quirks.sizes is Sizes.LISTED:
        padded = max(quirks.listed, key=lambda listed: _room(listed, size))
        scale = min(padded[0] / size[0], padded[1] / size[1])
        scaled = (max(1, math.floor(size[0] * scale)), max(1, math.floor(size[1] * scale)))
    return View(window=Box(0, 0, *size), scaled=scaled, padded=padded)


def _room(listed: tuple[int, int], size: tuple[int, int]) -> float:
    """Share of the listed size that a picture of `size` fills."""
    scale = min(listed[0] / size[0], listed[1] / size[1])
    return size[0] * size[1] * scale * scale / (listed[0] * listed[1])


def _stencil(mask: Image.Image) -> Image.Image:
    """A mask for servers that read transparency and for those that read white: both mean "may change"."""
    chosen = np.asarray(mask) > 0
    white = np.where(chosen, 255, 0).astype(np.uint8)
    return Image.fromarray(np.dstack([white, white, white, 255 - white]))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=FAST)
    return buffer.getvalue()
