"""Looks of a whole picture: each a function from RGB pixels (H x W x 3, floats 0..1) and a seed to RGB pixels.

Sizes that depend on the picture are shares of its longest side, so a thumbnail and a poster get the same look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import lab2rgb, rgb2lab

from tasks.domain.errors import UnsupportedInstruction
from tasks.domain.instruction import Operation
from tasks.engines.protocol import Edited

Pixels = NDArray[np.float64]
Look = Callable[[Pixels, np.random.Generator], Pixels]

LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601."""


def apply_look(image: Image.Image, operation: Operation, allowed: NDArray[np.bool_] | None, seed: int) -> Edited:
    """The picture in the operation's style; the caller keeps it inside `allowed`."""
    del allowed
    look = LOOKS.get(operation.style or "")
    if look is None:
        raise UnsupportedInstruction(f"no look called {operation.style!r}; there are: {', '.join(LOOKS)}")
    pixels = look(np.asarray(image, dtype=np.float64) / 255, np.random.default_rng(seed))
    styled = Image.fromarray((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8))
    return Edited(styled, {"look": operation.style or ""})


def watercolour(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Washes of few tones with darker rims, soft outlines and the grain of rough paper."""
    size = _longest(pixels)
    washed = _smoothed(pixels, 0.012 * size, passes=3)
    lab = rgb2lab(washed)
    lab[..., 0] = _stepped(lab[..., 0], 9.0, 0.75) * 0.86 + 15
    lab[..., 1:] *= 1.25
    colours = lab2rgb(lab)
    rims = ndimage.gaussian_gradient_magnitude(lab[..., 0], 0.0015 * size + 0.5)
    pigment = 1 - 0.30 * np.clip(rims / 9, 0, 1)
    paper = (
        1 + 0.045 * _grain(pixels.shape[:2], 0.0012 * size, rng) + 0.025 * _grain(pixels.shape[:2], 0.02 * size, rng)
    )
    return _screened(colours * pigment[..., None], 0.06) * paper[..., None]


def pencil(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Graphite on white paper: lines where tones change, hatching where it is dark."""
    size = _longest(pixels)
    grey = pixels @ LUMA
    smooth = ndimage.gaussian_filter(grey, 0.0008 * size)
    lines = np.clip(smooth / (ndimage.gaussian_filter(smooth, 0.006 * size + 0.8) + 0.02), 0, 1) ** 2.2
    strokes = _hatching(grey.shape, 0.02 * size, rng)
    tone = ndimage.gaussian_filter(grey, 0.003 * size)
    shade = 1 - 0.75 * np.clip(0.72 - tone, 0, 1) * (0.35 + 0.65 * strokes)
    paper = 1 - 0.03 * np.abs(_grain(grey.shape, 0.0008 * size, rng))
    return np.repeat((lines * shade * paper)[..., None], 3, axis=-1) * np.array([0.98, 0.975, 0.96])


def cartoon(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Flat, bright colours and clean dark outlines, as in drawn animation."""
    del rng
    size = _longest(pixels)
    flat = _smoothed(pixels, 0.010 * size, passes=4)
    lab = rgb2lab(flat)
    lab[..., 0] = np.clip(_stepped(lab[..., 0], 12.0, 0.9) * 1.04 + 3, 0, 100)
    lab[..., 1:] *= 1.35
    grey = ndimage.gaussian_filter(pixels @ LUMA, 0.0012 * size + 0.3)
    wide = ndimage.gaussian_filter(grey, 0.0035 * size + 0.8)
    ink = 1 - 0.85 * np.clip((wide - grey - 0.018) / 0.05, 0, 1)
    return lab2rgb(lab) * ink[..., None]


def sepia(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Brown tones from dark umber to ivory."""
    del rng
    grey = (pixels @ LUMA)[..., None]
    dark, middle, light = (np.array(c) / 255 for c in ((38, 22, 10), (158, 116, 74), (255, 243, 214)))
    return np.where(grey < 0.5, dark + (middle - dark) * grey * 2, middle + (light - middle) * (grey * 2 - 1))


def black_and_white(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Greys with a photographer's contrast."""
    del rng
    grey = pixels @ LUMA
    return np.repeat(_curved(grey, 0.35)[..., None], 3, axis=-1)


def night(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Moonlight: dark and blue, colours faded, lamps and other bright spots still glowing warm."""
    del rng
    size = _longest(pixels)
    grey = pixels @ LUMA
    faded = grey[..., None] + 0.45 * (pixels - grey[..., None])
    moonlit = faded**1.25 * np.array([0.30, 0.40, 0.66]) + np.array([0.010, 0.018, 0.045])
    bright = np.clip((grey - 0.86) / 0.14, 0, 1) * (ndimage.gaussian_filter(grey, 0.05 * size) < 0.6)
    glow = ndimage.gaussian_filter(bright, 0.012 * size)
    return moonlit + (0.35 * bright + 0.6 * glow)[..., None] * np.array([1.0, 0.78, 0.45])


def warm(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Late sun: highlights golden, shadows soft."""
    del rng
    return _graded(pixels, np.array([1.12, 1.0, 0.80]), np.array([0.035, 0.012, -0.01]), colour=1.12)


def cool(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Overcast light: bluish, colours held back."""
    del rng
    return _graded(pixels, np.array([0.86, 0.98, 1.13]), np.array([-0.01, 0.006, 0.03]), colour=0.9)


def vintage(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """An old print: lifted blacks, faded colours with a yellow cast, grain and darker corners."""
    size = _longest(pixels)
    faded = _graded(pixels, np.array([1.02, 0.96, 0.80]), np.array([0.05, 0.035, 0.02]), colour=0.62)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    corners = 1 - 0.38 * np.clip((x**2 + y**2) / 2, 0, 1) ** 1.5
    grain = 0.035 * _grain((height, width), 0.0008 * size, rng)
    return (0.07 + 0.88 * faded) * corners[..., None] + grain[..., None]


LOOKS: Mapping[str, Look] = {
    "watercolour": watercolour,
    "pencil": pencil,
    "cartoon": cartoon,
    "sepia": sepia,
    "black-and-white": black_and_white,
    "night": night,
    "warm": warm,
    "cool": cool,
    "vintage": vintage,
}


def _longest(pixels: Pixels) -> int:
    return max(pixels.shape[:2])


def _smoothed(pixels: Pixels, radius: float, *, passes: int) -> Pixels:
    """Flattened but for its edges: the guided filter (He, Sun and Tang, 2013) with luma as guide, several times."""
    size = 2 * max(1, round(radius / 2)) + 1
    for _ in range(passes):
        guide = pixels @ LUMA
        mean = ndimage.uniform_filter(guide, size)
        variance = ndimage.uniform_filter(guide**2, size) - mean**2
        planes = []
        for plane in np.moveaxis(pixels, -1, 0):
            average = ndimage.uniform_filter(plane, size)
            slope = (ndimage.uniform_filter(guide * plane, size) - mean * average) / (variance + 0.004)
            offset = average - slope * mean
            planes.append(ndimage.uniform_filter(slope, size) * guide + ndimage.uniform_filter(offset, size))
        pixels = np.clip(np.stack(planes, axis=-1), 0, 1)
    return pixels


def _stepped(values: Pixels, step: float, hardness: float) -> Pixels:
    """Values drawn towards multiples of `step`: 0 leaves them, 1 makes clean steps."""
    return values + hardness * (np.round(values / step) * step - values)


def _curved(values: Pixels, strength: float) -> Pixels:
    """An S-curve: darks darker, lights lighter, ends fixed."""
    return values + strength * (values * values * (3 - 2 * values) - values)


def _graded(pixels: Pixels, gain: Pixels, lift: Pixels, *, colour: float) -> Pixels:
    """Gain and lift by channel after more or less colour, luma roughly kept."""
    grey = (pixels @ LUMA)[..., None]
    return np.clip(grey + colour * (pixels - grey), 0, 1) * gain + lift


def _screened(pixels: Pixels, amount: float) -> Pixels:
    """Lightened as if by a faint white projection: darks lift most."""
    return 1 - (1 - pixels) * (1 - amount)


def _grain(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> Pixels:
    """Noise with blobs of about `scale` pixels, mean 0, standard deviation 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), max(0.4, scale))
    return np.asarray(noise / max(float(noise.std()), 1e-9))


def _hatching(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> Pixels:
    """Diagonal pencil strokes, 0..1: noise smeared along one direction."""
    noise = rng.standard_normal(shape)
    steps = max(3, round(length))
    smeared = np.zeros(shape)
    for k in range(steps):
        smeared += np.roll(noise, (k, -k), axis=(0, 1))
    return np.clip(0.5 + 0.35 * smeared / max(float(smeared.std()), 1e-9), 0, 1)
