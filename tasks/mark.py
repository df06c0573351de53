"""Where the steps of a chain may work: a folder for its pictures, and a mask for every step that names a region."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from PIL import Image
from prefect import task

from tasks.domain.chain import Step
from tasks.domain.errors import RequestError
from tasks.domain.models import Box, Frozen, OutputFormat
from tasks.imaging import codec
from tasks.retrying import retry_transient
from tasks.storage import files
from tasks.storage.naming import own_name


class Marked(Frozen):
    """A chain that can begin."""

    folder: str
    masks: tuple[str | None, ...]
    """Where the mask of each step lies; None for a step without a region."""


@task(name="mark", task_run_name="mark", **retry_transient)
def mark(image: str, steps: Sequence[Step], output: str) -> Marked:
    """The folder of all chains of this picture, and the masks of these steps in it.

    One folder per picture, whatever its steps: a chain whose last step was mended finds what it finished before.
    Raises `RequestError` for a picture that cannot be read and for a region that is not in it.
    """
    data = files.read(image)
    picture = codec.decode(data, name=image)
    folder = files.join(output, "chains", f"{own_name(image)}-{codec.pixel_sha256(picture)[:12]}")
    masks: list[str | None] = []
    for number, step in enumerate(steps, start=1):
        masks.append(_written(folder, _stencil(picture.size, step.region, number)) if step.region else None)
    return Marked(folder=folder, masks=tuple(masks))


def _stencil(size: tuple[int, int], region: Box, number: int) -> Image.Image:
    within = Box(max(0, region.left), max(0, region.top), min(size[0], region.right), min(size[1], region.bottom))
    if within.width <= 0 or within.height <= 0 or within != region:
        raise RequestError(
            f"step {number}: the region {list(region)} does not lie in a picture of {size[0]} x {size[1]}: "
            "give left, top, right, bottom in its pixels"
        )
    stencil = Image.new("L", size, 0)
    stencil.paste(255, region)
    return stencil


def _written(folder: str, stencil: Image.Image) -> str:
    data = codec.encode(stencil, OutputFormat.PNG)
    uri = files.join(folder, f"region-{hashlib.sha256(data).hexdigest()[:12]}.png")
    files.write_once(uri, data)
    return uri
