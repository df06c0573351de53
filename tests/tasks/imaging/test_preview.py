from __future__ import annotations

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from tasks.imaging.preview import LITTLE, MOST, SIDE, SMALL, data_uri


def noise(width, height):
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


def opened(uri):
    start, _, data = uri.partition(",")
    assert start == "data:image/jpeg;base64"
    raw = b64decode(data)
    return Image.open(io.BytesIO(raw)), len(raw)


@pytest.mark.parametrize("limits", [(SIDE, MOST), (SMALL, LITTLE)])
@pytest.mark.parametrize("size", [(3000, 2000), (700, 2400), (40, 30)])
def test_even_noise_stays_within_its_size_and_bytes(size, limits):
    picture, length = opened(data_uri(noise(*size), *limits))
    assert max(picture.size) <= limits[0]
    assert length <= limits[1]
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.05)


def test_a_small_picture_is_not_enlarged():
    assert opened(data_uri(Image.new("RGB", (60, 40), "red")))[0].size == (60, 40)
