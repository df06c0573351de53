"""Named colours: their RGB values, and which pixels of a picture a person would call by that name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor
from scipy import ndimage
from scipy.cluster.vq import kmeans2
from skimage.color import lab2lch, rgb2lab

RGB = tuple[int, int, int]

NAMED: Mapping[str, RGB] = {
    "red": (214, 40, 40),
    "orange": (240, 132, 30),
    "yellow": (248, 208, 48),
    "green": (46, 156, 72),
    "blue": (38, 96, 214),
    "purple": (128, 60, 172),
    "pink": (240, 130, 170),
    "brown": (124, 78, 46),
    "black": (24, 24, 26),
    "white": (250, 250, 250),
    "grey": (128, 128, 130),
    "navy": (24, 36, 92),
    "teal": (20, 128, 128),
    "cyan": (72, 190, 224),
    "gold": (212, 168, 56),
    "silver": (192, 194, 200),
    "beige": (226, 210, 182),
    "maroon": (118, 28, 44),
    "olive": (122, 124, 44),
    "magenta": (206, 40, 150),
}
"""Colours as a designer would mix them: clear, but not the corners of the RGB cube."""

GREYISH = 14.0
"""CIELAB chroma under which a pixel has no hue worth naming."""
SURELY, POSSIBLY = 1.5, 2.5
"""How many times nearer another named colour may be, for a pixel that starts a patch and for one that joins it."""
SAMPLED = 4000
"""Pixels looked at for the main colours."""
HUE_REACH = 32.0
"""Degrees of hue around a named colour that still carry its name."""


def to_rgb(colour: str) -> RGB:
    """RGB, 0..255, of a named colour or '#rrggbb'. Raises `KeyError` for anything else."""
    if colour.startswith("#"):
        red, green, blue = ImageColor.getrgb(colour)[:3]
        return red, green, blue
    return NAMED[colour]


def to_lch(colour: str) -> tuple[float, float, float]:
    """CIE LCh of a colour: lightness 0..100, chroma, hue in degrees."""
    lightness, chroma, hue = lab2lch(rgb2lab(np.array(to_rgb(colour), dtype=np.uint8)[None, None] / 255.0))[0, 0]
    return float(lightness), float(chroma), float(np.degrees(hue))


def wearing(image: Image.Image, colour: str) -> NDArray[np.bool_]:
    """H x W: true where a pixel would be called by the name of `colour`.

    Colours with a hue match by hue, whatever the light on them, unless another name fits far better (a brown floor is
    not orange); black, white and greys match by lightness. Shades of doubt count where they touch what is certain.
    """
    lab = rgb2lab(np.asarray(image.convert("RGB")) / 255.0)
    lightness, chroma, hue = np.moveaxis(lab2lch(lab), -1, 0)
    wanted_lightness, wanted_chroma, wanted_hue = to_lch(colour)
    if wanted_chroma < GREYISH:
        return np.asarray((chroma < GREYISH) & (np.abs(lightness - wanted_lightness) < 18))
    apart = np.abs((np.degrees(hue) - wanted_hue + 180) % 360 - 180)
    alike = (chroma > GREYISH) & (apart < HUE_REACH) & (np.abs(lightness - wanted_lightness) < 45)
    named, others = _distance(lab, to_rgb(colour)), np.min([_distance(lab, rgb) for rgb in NAMED.values()], axis=0)
    certain, possible = (alike & (named < odds * others + 8) for odds in (SURELY, POSSIBLY))
    return ndimage.binary_propagation(certain, mask=possible)


def _distance(lab: NDArray[np.float64], rgb: RGB) -> NDArray[np.float64]:
    """CIE76 distance of each pixel to a colour."""
    return np.asarray(np.linalg.norm(lab - rgb2lab(np.array(rgb, dtype=np.uint8)[None, None] / 255.0), axis=-1))


def main_colours(pixels: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """The `count` colours, or as many as there are, that stand for `pixels` (N x 3): k-means++ with a fixed seed."""
    sample = np.asarray(pixels[:: max(1, len(pixels) // SAMPLED)], np.float64)
    distinct = np.unique(sample, axis=0)
    if len(distinct) <= count:
        return distinct
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a cluster that lost all its pixels keeps its colour: no harm
        colours, _ = kmeans2(sample, count, minit="++", rng=np.random.default_rng(0), missing="warn")
    return np.asarray(colours)


def nearest(pixels: NDArray[np.floating], colours: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each pixel the index of the nearest of `colours`."""
    return np.stack([((pixels - colour) ** 2).sum(axis=-1) for colour in colours]).argmin(axis=0)


def luminance(colour: RGB) -> float:
    """Relative luminance, 0..1, as WCAG 2.2 defines it."""
    return float(luminances(np.array(colour, np.uint8)))


def luminances(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of each pixel (... x 3), 0..1, as WCAG 2.2 defines it."""
    values = np.arange(256) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear[pixels] @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: RGB, other: RGB) -> float:
    """Contrast ratio of two colours, 1..21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def legible_on(ground: RGB) -> RGB:
    """Near-black or near-white, whichever has the higher WCAG contrast on `ground`."""
    return max(NAMED["white"], NAMED["black"], key=lambda colour: contrast(colour, ground))
