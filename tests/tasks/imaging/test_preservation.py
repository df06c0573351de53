from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from scipy import ndimage
from skimage import data

from tasks.domain.errors import MaskError
from tasks.imaging.area import Mask
from tasks.imaging.preservation import Preserved, preserve
from tests.benchmarks import preservation as benchmark
from tests.benchmarks.preservation import GLOBAL, Drift, edited
from tests.drawing import Item, poster

DRIFT = Drift(
    shift=(2.3, -1.4),
    zoom=1.012,
    rotation=0.2,
    gain=(1.03, 0.98, 1.02),
    bias=(3, -2, 2),
    blur=0.9,
    noise=1.5,
    quality=90,
)


def photo(name: str, width: int = 900) -> Image.Image:
    picture = Image.fromarray(getattr(data, name)()).convert("RGB")
    return picture.resize((width, picture.height * width // picture.width), Image.Resampling.BICUBIC)


def drifted(picture: Image.Image, drift: Drift, random: np.random.Generator) -> Image.Image:
    """What a small model would make of it: 0.4 megapixels."""
    return benchmark.drifted(picture, drift, random, side=640)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def equal(one: Image.Image, other: Image.Image) -> Mask:
    """H x W: true where every channel is the same."""
    return np.asarray((np.asarray(one) == np.asarray(other)).all(axis=-1))


def used(found: Preserved) -> Mask:
    """Where the edit was let in."""
    assert found.mask is not None
    return found.mask


def square(size: tuple[int, int]) -> Mask:
    mask = np.zeros(size[::-1], bool)
    mask[size[1] // 4 : size[1] // 2, size[0] // 4 : size[0] // 2] = True
    return mask


@pytest.mark.parametrize("kind", ["object", "soft object", "text", "recolour", "small"])
@pytest.mark.parametrize("name", ["coffee", "astronaut"])
def test_all_but_the_edit_is_the_sources_own_bit_for_bit(name, kind):
    source = photo(name)
    edit = edited(source, kind, rng())
    found = preserve(source, drifted(edit.image, DRIFT, rng()))
    assert found.report.applied
    assert found.image.size == source.size
    assert equal(found.image, source)[~used(found)].all()
    assert used(found)[edit.region].mean() > 0.99
    assert equal(found.image, source)[~edit.region].mean() > 0.96
    assert not used(found)[~ndimage.binary_dilation(edit.region, iterations=24)].any()
    assert found.report.changed_fraction == pytest.approx(used(found).mean())
    assert found.report.exact_fraction >= 1 - found.report.changed_fraction


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_drift_an_edit_is_kept_and_nothing_else(seed):
    random = np.random.default_rng(seed)
    source = photo(("coffee", "chelsea", "rocket")[seed % 3], 700 + 100 * seed)
    edit = edited(source, "object", random)
    drift = Drift.random(random)
    found = preserve(source, drifted(edit.image, drift, random))
    assert equal(found.image, source)[~edit.region].mean() > 0.98
    assert used(found)[edit.region].all()
    assert found.report.zoom == pytest.approx(drift.zoom, abs=0.001)


def test_the_edit_comes_back_in_its_place_and_in_the_sources_tint():
    source = photo("coffee")
    edit = edited(source, "object", rng())
    found = preserve(source, drifted(edit.image, DRIFT, rng()))
    inside = ndimage.binary_erosion(edit.region, iterations=6)
    off = np.asarray(found.image, np.float32) - np.asarray(edit.image, np.float32)
    assert np.abs(off[inside].mean(axis=0)).max() < 2


@pytest.mark.parametrize("look", sorted(GLOBAL))
def test_an_edit_of_everything_passes_untouched(look):
    source = photo("coffee", 600)
    candidate = drifted(GLOBAL[look](source), DRIFT, rng())
    found = preserve(source, candidate)
    assert not found.report.applied
    assert found.report.reason
    assert found.mask is None
    assert found.image == candidate.resize(source.size, Image.Resampling.LANCZOS)


def test_another_framing_is_not_undone():
    source = photo("coffee")
    found = preserve(source, drifted(edited(source, "object", rng()).image, Drift(zoom=1.2), rng()))
    assert (found.report.applied, found.report.reason) == (False, "the framing changed")


def test_without_a_change_the_edit_passes_untouched_and_the_report_says_so():
    source = photo("astronaut")
    found = preserve(source, drifted(source, DRIFT, rng()))
    assert not found.report.applied
    assert "no local change" in found.report.reason


def test_an_engine_that_left_the_rest_alone_is_left_alone():
    source = photo("chelsea")
    edit = edited(source, "soft object", rng())
    found = preserve(source, edit.image)
    assert found.report.applied
    assert found.image == edit.image
    assert np.array_equal(used(found), ~equal(edit.image, source))
    assert found.report.exact_fraction == pytest.approx(1 - found.report.changed_fraction)


def test_of_such_an_engine_too_only_the_mask_is_taken():
    source = photo("chelsea")
    mask = square(source.size)
    edit = edited(source, "text", rng()).image
    found = preserve(source, edit, mask)
    assert equal(found.image, source)[~mask].all()
    assert equal(found.image, edit)[mask].all()


def test_the_source_itself_is_no_change():
    source = photo("chelsea")
    found = preserve(source, source.copy())
    assert found.image == source
    assert not found.report.applied


@pytest.mark.parametrize("look", ["warm", "sepia", "blur"])
def test_a_mask_is_final_whatever_else_changed(look):
    source = photo("coffee")
    mask = square(source.size)
    found = preserve(source, drifted(GLOBAL[look](source), DRIFT, rng()), mask)
    assert found.report.applied
    assert equal(found.image, source)[~mask].all()
    assert np.array_equal(used(found), mask)
    assert equal(found.image, source)[mask].mean() < 0.5


def test_another_picture_is_not_put_in_even_under_a_mask():
    source = photo("coffee")
    candidate = drifted(ImageOps.mirror(source), DRIFT, rng())
    found = preserve(source, candidate, square(source.size))
    assert (found.report.applied, found.report.reason) == (False, "the edit shows another picture")


@pytest.mark.parametrize(("shape", "message"), [((10, 10), "same size"), ((600, 900), "selects nothing")])
def test_a_mask_that_does_not_fit_is_refused(shape, message):
    source = photo("coffee")
    with pytest.raises(MaskError, match=message):
        preserve(source, source, np.zeros(shape, bool))


def test_transparency_is_the_sources_own():
    source = photo("coffee")
    edit = edited(source, "object", rng())
    alpha = Image.linear_gradient("L").resize(source.size)
    source.putalpha(alpha)
    for candidate in (
        drifted(edit.image, DRIFT, rng()),
        edit.image,
        drifted(GLOBAL["sepia"](edit.image), DRIFT, rng()),
    ):
        found = preserve(source, candidate)
        assert found.image.mode == "RGBA"
        assert found.image.getchannel("A").tobytes() == alpha.tobytes()
        if found.mask is not None:
            assert equal(found.image, source)[~used(found)].all()


@pytest.mark.parametrize("size", [(1, 1), (200, 3), (3, 200), (40, 40)])
@pytest.mark.parametrize("other", [(1, 1), (32, 32), (64, 32)])
@pytest.mark.parametrize("masked", [False, True])
def test_the_smallest_pictures_keep_their_size(size, other, masked):
    source = Image.fromarray(rng().integers(0, 256, (size[1], size[0], 3), np.uint8))
    candidate = Image.fromarray(rng().integers(0, 256, (other[1], other[0], 3), np.uint8))
    mask = np.ones(size[::-1], bool) if masked else None
    found = preserve(source, candidate, mask)
    assert found.image.size == size
    assert found.image.mode == "RGB"


@pytest.mark.parametrize("ground", ["flat", "slope"])
def test_new_words_on_a_plain_poster_are_kept_and_the_ground_is_put_back(ground):
    before, after = (poster(ground, Item(words)) for words in ("Hello", "World!"))
    found = preserve(before, drifted(after, Drift(gain=(1.02, 0.98, 1.01), bias=(2, -1, 2)), rng()))
    assert found.report.applied
    assert used(found)[~equal(before, after)].mean() > 0.95
    assert equal(found.image, before).mean() > 0.9


@pytest.mark.parametrize("size", [(1024, 640), (512, 384), (2048, 1312)])
def test_the_candidate_may_have_another_size_and_a_slightly_other_shape(size):
    source = photo("coffee", 1500)
    edit = edited(source, "object", rng())
    found = preserve(source, edit.image.resize(size, Image.Resampling.LANCZOS))
    assert found.report.applied
    assert used(found)[edit.region].mean() > 0.99
    assert equal(found.image, source)[~edit.region].mean() > 0.97


def test_an_edit_of_half_the_picture_is_still_a_local_one():
    source = photo("chelsea")
    half = Image.new("L", source.size)
    ImageDraw.Draw(half).rectangle((0, 0, source.width * 0.45, source.height), fill=255)
    candidate = Image.composite(GLOBAL["sepia"](source), source, half)
    found = preserve(source, drifted(candidate, DRIFT, rng()))
    assert found.report.applied
    assert equal(found.image, source)[np.asarray(half) == 0].mean() > 0.97
