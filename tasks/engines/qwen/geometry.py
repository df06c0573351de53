"""At which size a picture is worked at: about one megapixel, its shape kept, sides that are multiples of 32."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

from tasks.domain.errors import ImageError

MULTIPLE = 32
"""Of the sides: the VAE makes 8 pixels one, the transformer takes 2 x 2 of those as a token, diffusers halves that."""
SHOWN_TO_LANGUAGE_MODEL = 384 * 384
"""Pixels a picture has for the language model of QwenImageEditPlus (CONDITION_IMAGE_SIZE of the pipeline)."""

MOST_SLENDER = 150
"""How many times longer than broad a picture may be; the language model's own limit is 200."""


def ensure_not_slender(pictures: Sequence[Image.Image]) -> None:
    """Return for pictures the model can be shown; raises `ImageError` for a strip."""
    for picture in pictures:
        if max(picture.size) > MOST_SLENDER * min(picture.size):
            raise ImageError(
                f"a picture of {picture.width} x {picture.height} is more than {MOST_SLENDER} times longer than broad: "
                "the model cannot be shown it, cut it"
            )


def brought_to(size: tuple[int, int], area: int) -> tuple[int, int]:
    """Width and height nearest to `area` pixels: `calculate_dimensions` of the diffusers pipelines, never 0."""
    ratio = size[0] / size[1]
    width = math.sqrt(area * ratio)
    longest = area / MULTIPLE  # beside a side that cannot be shorter than MULTIPLE
    return _rounded(min(width, longest)), _rounded(min(width / ratio, longest))


def working_size(size: tuple[int, int], area: int) -> tuple[int, int]:
    """The same, but a picture that is already of a fitting size stays as it is, pixel for pixel."""
    fitting = size[0] % MULTIPLE == size[1] % MULTIPLE == 0
    return size if fitting and 0.75 * area <= size[0] * size[1] <= area else brought_to(size, area)


def tokens(size: tuple[int, int]) -> tuple[int, int, int]:
    """Frames, rows and columns of tokens of a picture: one token is 16 x 16 pixels."""
    return 1, size[1] // 16, size[0] // 16


def _rounded(side: float) -> int:
    return max(MULTIPLE, round(side / MULTIPLE) * MULTIPLE)
