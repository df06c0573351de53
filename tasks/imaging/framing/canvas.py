"""A picture of an exact size, filled as a framing says."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from tasks.domain.campaign import Framing, Layout
from tasks.imaging.palette import RGB


def fill(image: Image.Image, framing: Framing, size: tuple[int, int], ground: RGB) -> Image.Image:
    """`image` on a canvas of `size`, mode RGB: scaled alike in both directions, what is left in `ground` or continued.

    Transparency shows the ground.
    """
    source = image.convert("RGB")
    if image.mode == "RGBA":
        source = Image.new("RGB", image.size, ground)
        source.paste(image, mask=image.getchannel("A"))
    placed = framing.placed
    part = source.resize((placed.width, placed.height), Image.Resampling.LANCZOS, box=framing.window)
    if framing.layout is Layout.EXTEND:
        right, bottom = size[0] - placed.right, size[1] - placed.bottom
        whole = cv2.copyMakeBorder(
            np.asarray(part), placed.top, bottom, placed.left, right, borderType=cv2.BORDER_REPLICATE
        )
        return Image.fromarray(np.asarray(whole, np.uint8))
    canvas = Image.new("RGB", size, ground)
    canvas.paste(part, (placed.left, placed.top))
    return canvas
