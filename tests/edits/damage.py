"""What happens to whole pictures: re-encodings that must be accepted, accidents that must not."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage
from skimage import data
from skimage.color import lab2rgb, rgb2lab

Change = Callable[[Image.Image, random.Random], Image.Image]

PHOTOS = {
    "dev": ("astronaut", "coffee", "rocket", "stereo_motorcycle"),
    "test": ("chelsea", "hubble_deep_field", "retina", "camera"),
}
"""Photographs that ship with scikit-image, by split: what is measured is never what was fitted."""


def photo(name: str, size: tuple[int, int]) -> Image.Image:
    """A photograph filling `size`, cut to its aspect."""
    pixels = data.stereo_motorcycle()[0] if name == "stereo_motorcycle" else getattr(data, name)()
    picture = Image.fromarray(pixels).convert("RGB")
    scale = max(size[0] / picture.width, size[1] / picture.height)
    grown = picture.resize([max(side, round(old * scale)) for side, old in zip(size, picture.size, strict=True)])
    left, top = (grown.width - size[0]) // 2, (grown.height - size[1]) // 2
    return grown.crop((left, top, left + size[0], top + size[1]))


def any_photo(rng: random.Random, split: str, size: tuple[int, int]) -> Image.Image:
    """One of the photographs of that split."""
    return photo(rng.choice(PHOTOS[split]), size)


def as_picture(pixels: NDArray[np.floating]) -> Image.Image:
    """Samples 0..255, rounded and cut."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def untouched(picture: Image.Image, rng: random.Random) -> Image.Image:
    """As it is."""
    del rng
    return picture


def jpeg(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Through JPEG at quality 85 to 95."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=rng.choice((85, 88, 92, 95)), subsampling=0)
    return Image.open(buffer).convert("RGB")


def resampled(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Smaller by 3 % and back, then through JPEG."""
    small = picture.resize([round(side * 0.97) for side in picture.size], Image.Resampling.LANCZOS)
    return jpeg(small.resize(picture.size, Image.Resampling.LANCZOS), rng)


def through_vae(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Like the round trip through a latent model: softened, gain +-1 %, noise, moved by up to 2 pixels."""
    noise = np.random.default_rng(rng.randrange(1 << 30)).normal(0, 1.5, (picture.height, picture.width, 3))
    blur, angle, far = rng.uniform(0.4, 0.9), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2)
    offset = (far * np.sin(angle), far * np.cos(angle), 0)
    pixels = ndimage.gaussian_filter(np.asarray(picture, np.float32), (blur, blur, 0))
    pixels = ndimage.shift(pixels, offset, order=1, mode="nearest")
    return as_picture(pixels * rng.uniform(0.99, 1.01) + noise)


HARMLESS: Mapping[str, Change] = {
    "untouched": untouched,
    "jpeg": jpeg,
    "resampled": resampled,
    "through vae": through_vae,
}


def blurred(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(3, 6) * max(picture.size) / 1024))


def zoomed(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Enlarged by 4 to 10 %."""
    factor = rng.uniform(1.04, 1.1)
    width, height = (side / factor for side in picture.size)
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    return picture.resize(picture.size, Image.Resampling.LANCZOS, (left, top, left + width, top + height))


def shifted(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Moved by 12 to 50 pixels across and up to 30 down."""
    across, down = rng.choice((-1, 1)) * rng.randrange(12, 50), rng.randrange(-30, 30)
    moved = ndimage.shift(np.asarray(picture), (down, across, 0), order=0, mode="nearest")
    return Image.fromarray(moved)


def turned(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Rotated by 1.5 to 3 degrees."""
    angle = rng.choice((-1, 1)) * rng.uniform(1.5, 3)
    return as_picture(ndimage.rotate(np.asarray(picture, np.float32), angle, reshape=False, order=1, mode="nearest"))


def cast(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Tinted by 10 to 20 steps in the a*b* plane."""
    lab = rgb2lab(np.asarray(picture))
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(10, 20)
    lab[..., 1:] += far * np.array([np.cos(angle), np.sin(angle)])
    return as_picture(np.clip(lab2rgb(lab), 0, 1) * 255)


def lattice(picture: Image.Image, rng: random.Random) -> Image.Image:
    """A grid of 6 to 16 pixels laid over, as faulty weights do."""
    step, strength = rng.choice((6, 8, 12, 16)), rng.uniform(10, 25)
    rows, columns = np.indices((picture.height, picture.width))
    pattern = ((rows % step < step // 4) | (columns % step < step // 4)) * strength
    return as_picture(np.asarray(picture, np.float32) + pattern[..., None] - pattern.mean())


def black(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Nothing but black, white or one grey."""
    return Image.new("RGB", picture.size, (rng.choice((0, 0, 128, 255)),) * 3)


def noise(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Nothing but noise."""
    random_bytes = np.random.default_rng(rng.randrange(1 << 30))
    return Image.fromarray(random_bytes.integers(0, 256, (picture.height, picture.width, 3), np.uint8))


def dead_blocks(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Rectangles gone black or to noise, as numbers that are none become."""
    pixels = np.array(picture)
    for _ in range(3):
        width, height = picture.width // rng.randrange(4, 7), picture.height // rng.randrange(4, 7)
        left, top = rng.randrange(picture.width - width), rng.randrange(picture.height - height)
        noisy = np.random.default_rng(rng.randrange(1 << 30)).integers(0, 256, (height, width, 3), np.uint8)
        pixels[top : top + height, left : left + width] = noisy if rng.random() < 0.5 else 0
    return Image.fromarray(pixels)


ACCIDENTS: Mapping[str, Change] = {
    "blurred": blurred,
    "zoomed": zoomed,
    "shifted": shifted,
    "turned": turned,
    "colour cast": cast,
    "lattice": lattice,
    "black": black,
    "noise": noise,
    "dead blocks": dead_blocks,
}
"""What makes any edit unacceptable, whatever was asked."""
