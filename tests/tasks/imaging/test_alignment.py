from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tasks.imaging.alignment import register
from tests.benchmarks.preservation import Drift, drifted, edited
from tests.drawing import Item, poster

FRAMINGS = [
    Drift(shift=(2.3, -1.4), zoom=1.012, rotation=0.2, gain=(1.03, 0.97, 1.02), bias=(3, -2, 4)),
    Drift(shift=(-3.6, 0.4), zoom=0.988, rotation=-0.3, blur=1.2, noise=2, quality=85),
    Drift(shift=(0.5, 0.5), blur=0.5),
]
REFRAMINGS = [
    Drift(shift=(14, -9)),
    Drift(shift=(-40, 28)),
    Drift(zoom=1.06),
    Drift(shift=(20, 10), zoom=1.1),
    Drift(shift=(5, 0), zoom=1.4),
    Drift(zoom=0.8, rotation=2),
]


def picture(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def pixels(image: Image.Image, size: tuple[int, int] | None = None) -> np.ndarray:
    return np.asarray(image if size is None else image.resize(size, Image.Resampling.LANCZOS), np.float32)


def noisy(values: np.ndarray) -> np.ndarray:
    return (values + np.random.default_rng(1).normal(0, 1.5, values.shape)).astype(np.float32)


def farthest_miss(matrix: np.ndarray, drift: Drift, size: tuple[int, int]) -> float:
    """Pixels by which the measured motion is wrong, at the place of the picture where it is worst."""
    true = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), -drift.rotation, drift.zoom)
    true[:, 2] += np.array(drift.shift)
    corners = np.array([(x, y, 1) for x in (0, size[0]) for y in (0, size[1])])
    return float(np.linalg.norm(corners @ (matrix - true).T, axis=1).max())


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
@pytest.mark.parametrize("drift", FRAMINGS)
def test_drift_is_found_to_a_fifth_of_a_pixel_through_a_local_edit(name, drift):
    rng = np.random.default_rng(0)
    source = picture(name)
    candidate = drifted(edited(source, "object", rng).image, drift, rng)
    found = register(pixels(source, candidate.size), pixels(candidate))
    assert farthest_miss(found.matrix, drift, candidate.size) < 0.2
    assert found.shift == pytest.approx(np.hypot(*drift.shift), abs=0.2)
    assert found.zoom == pytest.approx(drift.zoom, abs=0.0005)
    assert found.rotation == pytest.approx(drift.rotation, abs=0.03)
    assert found.support > 0.8


@pytest.mark.parametrize("drift", REFRAMINGS)
def test_another_framing_is_found(drift):
    source = picture("coffee")
    candidate = drifted(source, drift, np.random.default_rng(0), side=768)
    found = register(pixels(source, candidate.size), pixels(candidate))
    assert farthest_miss(found.matrix, drift, candidate.size) < 1
    assert found.support > 0.5


def test_a_moved_candidate_is_laid_back_on_its_source():
    source = pixels(picture("chelsea"))
    turn = cv2.getRotationMatrix2D((200, 150), -1, 1.02)
    candidate = np.asarray(cv2.warpAffine(source, turn, source.shape[1::-1], flags=cv2.INTER_CUBIC), np.float32)
    found = register(source, candidate)
    inner = (slice(30, -30), slice(30, -30))
    assert np.abs(candidate - source)[inner].mean() > 4
    assert np.abs(found.undo(candidate) - source)[inner].mean() < 1.5  # resampled twice


def test_recolouring_most_of_the_picture_does_not_move_it():
    source = pixels(picture("astronaut"))
    candidate = np.roll(source, 2, axis=0)
    candidate[:, :360] = candidate[:, :360] @ np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.2], [0.1, 0.4, 0.1]], np.float32)
    assert register(source, noisy(candidate)).matrix == pytest.approx(np.array([(1, 0, 0), (0, 1, 2)]), abs=0.1)


def test_the_lines_that_stayed_tell_where_a_poster_went():
    lines = [Item("Order today", at=(60, 200)), Item("Fresh Coffee", at=(60, 300))]
    before, after = (pixels(poster("flat", Item(words), *lines)) for words in ("Summer Sale", "Winter Sale"))
    found = register(before, noisy(np.roll(after, (2, 3), axis=(0, 1))))
    assert found.shift == pytest.approx(np.hypot(2, 3), abs=0.2)


def stripes() -> np.ndarray:
    row = 128 + 90 * np.sin(np.arange(512) / 4)
    return np.broadcast_to(row[None, :, None], (512, 512, 3)).astype(np.float32)


def squares() -> np.ndarray:
    y, x = np.indices((512, 512)) // 16
    return np.repeat(((x + y) % 2 * 200.0 + 20)[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize(
    ("source", "candidate"),
    [
        (np.full((512, 512, 3), 80, np.float32), np.full((512, 512, 3), 80, np.float32)),
        (stripes(), np.roll(stripes(), 3, axis=1)),
        (squares(), np.roll(squares(), 16, axis=1)),
        (pixels(poster("flat", Item("Hello"))), pixels(poster("flat", Item("World!")))),
        (pixels(picture("coffee")), pixels(picture("coffee"))[:, ::-1]),
        (pixels(picture("coffee")), pixels(picture("rocket"), (600, 400))),
    ],
    ids=["flat", "stripes", "squares", "all the words replaced", "mirrored", "another picture"],
)
def test_no_motion_is_made_up_where_nothing_shows_one(source, candidate):
    found = register(source, noisy(candidate))
    assert found.support == 0
    assert (found.shift, found.zoom, found.rotation) == (0, 1, 0)
    assert np.array_equal(found.undo(candidate), candidate)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (40, 40), (200, 30), (1, 3000)])
def test_pictures_too_small_to_tell_stay_where_they_are(shape):
    source = np.random.default_rng(0).uniform(0, 255, (*shape, 3)).astype(np.float32)
    assert register(source, source).support == 0


def test_a_picture_has_not_moved_against_itself():
    source = pixels(picture("astronaut"))
    found = register(source, source)
    assert found.shift < 0.01
    assert found.support == 1
