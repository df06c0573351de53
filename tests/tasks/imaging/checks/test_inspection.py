"""Good edits pass and each way of going wrong is caught and named; every picture is also re-encoded, as engines do."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from skimage import data

from tasks.domain.acceptance import checks_for
from tasks.domain.errors import EngineError
from tasks.domain.models import (
    Box,
    Check,
    CheckName,
    Contract,
    EditType,
    FailureClass,
    TextChange,
    TextLine,
    Verdict,
)
from tasks.engines.classical.looks import LOOKS
from tasks.imaging.checks.inspection import inspect
from tests.drawing import Item, poster

PHOTOS = ("astronaut", "coffee", "rocket")
SPOT = (200, 150, 300, 250)
ALSO = {FailureClass.CONTENT_REPLACED: {FailureClass.STRUCTURE_LOST}}
"""What else a failure may be called: the worse measure of one check gives it its name."""


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)())


def reencoded(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92, subsampling=0)
    return Image.open(buffer).convert("RGB")


def recoloured(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    ImageDraw.Draw(copy).rectangle(SPOT, fill=(40, 160, 220))
    return copy


def look(name: str, picture: Image.Image) -> Image.Image:
    pixels = LOOKS[name](np.asarray(picture) / 255.0, np.random.default_rng(0))
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def verdict(kind: EditType, before: Image.Image, after: Image.Image, *, inside: bool = True) -> Verdict:
    contract = Contract(edit_type=kind, checks=checks_for(kind))
    allowed = None
    if kind is EditType.APPEARANCE and inside:
        allowed = np.zeros(before.size[::-1], bool)
        allowed[SPOT[1] : SPOT[3] + 1, SPOT[0] : SPOT[2] + 1] = True
    return inspect(before, after, contract, allowed, lambda _: ())


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("style", list(LOOKS))
def test_every_look_of_every_photograph_is_accepted_as_a_semantic_edit(name, style):
    before = photo(name)
    found = verdict(EditType.SEMANTIC, before, reencoded(look(style, before)))
    assert found.passed, [check for check in found.checks if not check.passed]


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    ("damage", "failure"),
    [
        (lambda p: p, FailureClass.UNCHANGED),
        (lambda p: Image.new("RGB", p.size), FailureClass.DAMAGED),
        (lambda p: Image.new("RGB", p.size, "white"), FailureClass.DAMAGED),
        (
            lambda p: Image.fromarray(np.random.default_rng(1).integers(0, 255, (p.height, p.width, 3), np.uint8)),
            FailureClass.DAMAGED,
        ),
        (lambda p: ImageOps.mirror(look("warm", p)), FailureClass.CONTENT_REPLACED),
        (lambda p: look("sepia", photo("chelsea").resize(p.size)), FailureClass.CONTENT_REPLACED),
        (lambda p: look("cool", p).filter(ImageFilter.GaussianBlur(10)), FailureClass.BLURRED),
    ],
    ids=["unchanged", "black", "white", "noise", "mirrored", "unrelated", "mush"],
)
def test_a_bad_semantic_edit_is_caught_and_named(name, damage, failure):
    before = photo(name)
    found = verdict(EditType.SEMANTIC, before, reencoded(damage(before)))
    assert not found.passed
    assert {failure, *ALSO.get(failure, ())} & set(found.failures)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("inside", [True, False])
def test_a_local_change_is_accepted_whether_or_not_its_place_was_known(name, inside):
    before = photo(name)
    found = verdict(EditType.APPEARANCE, before, reencoded(recoloured(before)), inside=inside)
    assert found.passed, [check for check in found.checks if not check.passed]


def tinted(picture: Image.Image) -> Image.Image:
    red, green, blue = recoloured(picture).split()
    return Image.merge("RGB", (red.point(lambda v: min(255, v * 1.25)), green, blue.point(lambda v: v * 0.8)))


def shifted(picture: Image.Image) -> Image.Image:
    return recoloured(picture).transform(picture.size, Image.Transform.AFFINE, (1, 0, 20, 0, 1, 14))


def replaced(picture: Image.Image) -> Image.Image:
    other = photo("chelsea").resize(picture.size)
    other.paste(recoloured(picture).crop(SPOT), SPOT[:2])
    return other


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    ("damage", "failures"),
    [
        (lambda p: p, {FailureClass.UNCHANGED}),
        (
            lambda p: recoloured(p).filter(ImageFilter.GaussianBlur(4)),
            {FailureClass.BLURRED, FailureClass.STRUCTURE_LOST},
        ),
        (tinted, {FailureClass.COLOUR_CAST, FailureClass.STRUCTURE_LOST}),
        (shifted, {FailureClass.FRAMING_DRIFT}),
        (replaced, {FailureClass.CONTENT_REPLACED, FailureClass.STRUCTURE_LOST}),
    ],
    ids=["unchanged", "blurred", "colour cast", "shifted", "replaced"],
)
def test_a_bad_local_change_is_caught_and_named(name, damage, failures):
    before = photo(name)
    found = verdict(EditType.APPEARANCE, before, reencoded(damage(before)))
    assert not found.passed
    assert failures & set(found.failures)


def test_a_change_in_the_wrong_place_is_no_change_in_the_right_one():
    before = photo("coffee")
    after = before.copy()
    ImageDraw.Draw(after).rectangle((400, 20, 560, 140), fill="green")
    assert {FailureClass.WRONG_PLACE, FailureClass.STRUCTURE_LOST} <= set(
        verdict(EditType.APPEARANCE, before, after).failures
    )


def test_an_engine_must_keep_the_size():
    with pytest.raises(EngineError, match="size"):
        verdict(EditType.SEMANTIC, photo("coffee"), Image.new("RGB", (10, 10)))


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
@pytest.mark.parametrize("kind", list(EditType))
def test_tiny_pictures_get_a_verdict_too(size, kind):
    found = verdict(kind, Image.new("RGB", size, "red"), Image.new("RGB", size, "blue"), inside=False)
    assert all(np.isfinite(check.score) for check in found.checks)


def test_without_quoted_text_no_text_check_is_asked_for():
    assert CheckName.TEXT not in checks_for(EditType.TEXT)
    assert CheckName.TEXT in checks_for(EditType.HYBRID, has_text_changes=bool(TextChange(new="A")))


def test_no_check_is_no_pass():
    assert not Verdict(checks=()).passed
    assert Verdict(checks=()).score == 0.0


def test_removing_the_only_lettering_is_no_loss_of_sharpness():
    before, after = poster("flat", Item("SALE")), poster("flat")
    lines = (TextLine(text="SALE", box=Box(60, 70, 180, 110), confidence=1),)
    contract = Contract(
        edit_type=EditType.TEXT,
        text_changes=(TextChange(old="SALE"),),
        checks=checks_for(EditType.TEXT, has_text_changes=True),
    )
    found = inspect(before, after, contract, None, lambda picture: lines if picture == before else ())
    assert found.passed, [check for check in found.checks if not check.passed]


def test_a_judge_may_refuse_but_never_passes_a_picture_alone():
    praise = Check(name=CheckName.JUDGED, score=2, threshold=1, passed=True)
    assert not Verdict(checks=(praise,)).passed


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    "moved",
    [
        lambda p: p.transform(p.size, Image.Transform.AFFINE, (1, 0, 16, 0, 1, -10)),
        lambda p: p.resize(
            p.size, Image.Resampling.LANCZOS, (0.03 * p.width, 0.03 * p.height, 0.97 * p.width, 0.97 * p.height)
        ),
        lambda p: p.rotate(2, Image.Resampling.BICUBIC),
    ],
    ids=["shifted", "zoomed", "turned"],
)
def test_a_picture_that_moved_is_named_so(name, moved):
    before = photo(name)
    assert FailureClass.FRAMING_DRIFT in verdict(EditType.APPEARANCE, before, moved(recoloured(before))).failures


def test_a_lattice_laid_over_is_damage():
    before = photo("coffee")
    pixels = np.array(recoloured(before)).astype(int)
    pixels[::8] += 24
    pixels[:, ::8] += 24
    after = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    assert FailureClass.DAMAGED in verdict(EditType.APPEARANCE, before, after).failures


def test_a_change_towards_another_colour_than_asked_for_is_named_so():
    before, allowed = photo("coffee"), np.zeros((400, 600), bool)
    allowed[SPOT[1] : SPOT[3] + 1, SPOT[0] : SPOT[2] + 1] = True
    for colour, right in (("blue", True), ("red", False)):
        contract = Contract(edit_type=EditType.APPEARANCE, colours=(colour,), checks=checks_for(EditType.APPEARANCE))
        found = inspect(before, recoloured(before), contract, allowed, lambda _: (), exact=True)
        assert found.passed is right
        assert right or found.failures == (FailureClass.WRONG_COLOUR,)
