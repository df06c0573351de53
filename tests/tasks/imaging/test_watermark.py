"""The invisible mark: what it survives, what it costs, and that it is not seen where it is not."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from skimage import data

from tasks.domain.errors import ImageError
from tasks.imaging import watermark

PAYLOAD = bytes.fromhex("deadbeef")
PHOTOS = {name: Image.fromarray(getattr(data, name)()) for name in ("astronaut", "chelsea", "coffee")}
PLAIN = {
    "white": Image.new("RGB", (300, 800), "white"),
    "black": Image.new("RGB", (800, 300), "black"),
    "red": Image.new("RGB", (400, 400), (255, 0, 0)),
}
PICTURES = PHOTOS | PLAIN


def compressed(image: Image.Image, kind: str, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return Image.open(buffer)


def scaled(image: Image.Image, factor: float) -> Image.Image:
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    "altered",
    [
        lambda image: image,
        lambda image: compressed(image, "JPEG", 75),
        lambda image: scaled(image, 0.75),
        lambda image: scaled(image, 1.5),
        lambda image: compressed(scaled(image, 0.75), "JPEG", 75),
    ],
    ids=["untouched", "JPEG 75", "smaller", "larger", "smaller, JPEG 75"],
)
def test_it_is_read_again(name, altered):
    marked = watermark.embed(PICTURES[name], PAYLOAD)
    assert watermark.read(altered(marked)) == PAYLOAD


@pytest.mark.parametrize("name", PHOTOS)
def test_in_photographs_it_survives_strong_compression(name):
    assert watermark.read(compressed(watermark.embed(PHOTOS[name], PAYLOAD), "JPEG", 50)) == PAYLOAD


@pytest.mark.parametrize("name", PLAIN)
def test_on_a_plain_ground_hardly_a_level_changes(name):
    before, after = (np.asarray(image, int) for image in (PLAIN[name], watermark.embed(PLAIN[name], PAYLOAD)))
    assert np.abs(after - before).max() <= 6
    assert np.abs(after - before).mean() < 1


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_not_seen(name):
    marked = watermark.embed(PICTURES[name], PAYLOAD)
    assert watermark.psnr(marked, PICTURES[name]) >= 40


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=4, max_size=4), st.integers(256, 700), st.integers(256, 700))
def test_any_payload_is_carried_by_any_size_from_256_pixels_on(payload, width, height):
    image = PHOTOS["coffee"].resize((width, height))
    assert watermark.read(watermark.embed(image, payload)) == payload


def test_500_pictures_without_a_mark_have_none():
    rng = np.random.default_rng(8)
    for number in range(500):
        photo = list(PHOTOS.values())[number % 3]
        left, top, side = (int(rng.integers(*span)) for span in ((0, 100), (0, 60), (120, 240)))
        part = photo.crop((left, top, left + side, top + side)).resize((256, 256))
        assert watermark.read(part.filter(ImageFilter.GaussianBlur(number % 5))) is None


@pytest.mark.parametrize("level", range(0, 256, 15))
def test_a_plain_picture_has_none(level):
    assert watermark.read(Image.new("RGB", (256, 256), (level, level, level))) is None


def test_transparency_stays_as_it_is():
    image = PHOTOS["chelsea"].copy()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    marked = watermark.embed(image, PAYLOAD)
    assert marked.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert watermark.read(marked) == PAYLOAD


def test_the_picture_given_is_not_altered_and_the_mark_is_the_same_each_time():
    image = PHOTOS["astronaut"].copy()
    before = zlib.crc32(image.tobytes())
    first, second = (watermark.embed(image, PAYLOAD) for _ in range(2))
    assert first.tobytes() == second.tobytes() != image.tobytes()
    assert zlib.crc32(image.tobytes()) == before


def test_a_picture_too_small_is_refused_with_the_remedy_and_read_as_unmarked():
    small = Image.new("RGB", (255, 900))
    with pytest.raises(ImageError, match="a watermark takes 256 pixels a side, ask for none"):
        watermark.embed(small, PAYLOAD)
    assert watermark.read(Image.new("RGB", (1, 1))) is None


def test_psnr_is_that_of_scikit_image():
    from skimage.metrics import peak_signal_noise_ratio

    image, marked = PHOTOS["coffee"], watermark.embed(PHOTOS["coffee"], PAYLOAD)
    expected = peak_signal_noise_ratio(np.asarray(image), np.asarray(marked))
    assert watermark.psnr(marked, image) == pytest.approx(expected, abs=1e-6)
    assert watermark.psnr(image, image) == float("inf")
