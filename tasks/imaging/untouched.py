"""The proof of what an edit did not touch: every sample outside the mask compared, no tolerance."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tasks.domain.receipt import Untouched
from tasks.imaging.area import differing
from tasks.imaging.codec import pixel_sha256


def prove(source: Image.Image, master: Image.Image, mask: Image.Image) -> Untouched:
    """How many pixels outside the white of `mask` (mode L) are not what they were in `source`, and how many are.

    All three are of one size. Colour and transparency count; fully transparent pixels are compared as they are stored.
    """
    outside = np.asarray(mask.convert("L")) == 0
    before, after = (np.asarray(picture.convert("RGBA")) for picture in (source, master))
    apart, pixels = int((differing(before, after) & outside).sum()), int(outside.sum())
    return Untouched(
        mask_sha256=pixel_sha256(mask.convert("L")),
        pixels=pixels,
        differing=apart,
        fraction=(pixels - apart) / outside.size,
    )
