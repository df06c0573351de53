"""Pictures marked as what they are: by class of edit, setting, format, and by what the source said already."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from tasks.domain.marking import KINDS, EditClass
from tasks.domain.models import Box, EngineIdentity, Label, Marking, Marks, OutputFormat
from tasks.domain.verification import Finding
from tasks.imaging import codec, watermark
from tasks.provenance import credentials, xmp
from tasks.provenance.credentials import State
from tasks.provenance.inspection import inspect
from tasks.provenance.marks import Marked, Work, mark, said_by

QWEN = EngineIdentity(name="qwen", model="Qwen/Qwen-Image-Edit-2511", revision="abc")
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
IDENTITY = "0123456789abcdef" * 4


def picture(size: tuple[int, int] = (320, 288), mode: str = "RGB") -> Image.Image:
    """A gradient with some texture."""
    x, y = np.meshgrid(np.linspace(40, 200, size[0]), np.linspace(30, 220, size[1]))
    noise = np.random.default_rng(3).normal(0, 6, (size[1], size[0], 3))
    colours = np.clip(np.dstack([x, y, (x + y) / 2]) + noise, 0, 255).astype(np.uint8)
    image = Image.fromarray(colours)
    if mode == "RGBA":
        image.putalpha(128)
    return image


def source(exif: bool = False) -> bytes:
    """A file with all that a camera and its owner put in."""
    tags = Image.Exif()
    tags[ExifTags.Base.Artist] = "Hong Gildong"
    tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (37.0, 33.0, 59.0)
    buffer = io.BytesIO()
    told = {"exif": tags, "comment": b"private words"} if exif else {}
    picture().save(buffer, "JPEG", **told)
    return buffer.getvalue()


def nothing(_: Image.Image) -> tuple[Box, ...]:
    return ()


def marked(
    edit_class: EditClass = EditClass.GENERATIVE, of: bytes = b"", image: Image.Image | None = None, **more
) -> Marked:
    engine = QWEN if edit_class is EditClass.GENERATIVE else None
    output_format = more.pop("output_format", OutputFormat.PNG)
    avoid = more.pop("avoid", nothing)
    work = Work(IDENTITY, edit_class, engine, of or source())
    return mark(image or picture(), work, Marking(**more), output_format, avoid)


@pytest.mark.parametrize("output_format", OutputFormat)
@pytest.mark.parametrize("edit_class", [EditClass.GENERATIVE, EditClass.SYNTHETIC, EditClass.ASSISTIVE])
def test_every_class_says_what_it_is_in_every_format(edit_class, output_format):
    made = marked(edit_class, output_format=output_format)
    expected = KINDS[edit_class].source_type
    assert said_by(made.data) == made.applied.source_type == expected
    found = credentials.read(made.data)
    assert found
    assert found.state is State.VALID
    assert found.actions == ("c2pa.opened", KINDS[edit_class].action)
    told = xmp.read(made.data)
    assert told
    assert told.system == (QWEN.model if edit_class is EditClass.GENERATIVE else "")
    assert made.applied.same_pixels == (output_format is not OutputFormat.JPEG)
    assert all(point.finding is not Finding.FAILS for point in inspect(made.applied, made.data, made.picture, ""))


def test_standard_edits_go_unmarked_where_that_is_set_and_generative_ones_do_not():
    assert credentials.read(marked(EditClass.ASSISTIVE, marks=Marks.GENERATIVE).data) is None
    assert xmp.read(marked(EditClass.ASSISTIVE, marks=Marks.GENERATIVE).data) is None
    assert said_by(marked(EditClass.GENERATIVE, marks=Marks.GENERATIVE).data)


def test_marks_can_be_off_and_the_receipt_says_so():
    made = marked(marks=Marks.NONE)
    assert said_by(made.data) == ""
    assert made.applied.credentials is None
    assert "EDIT_FLOWS_MARKS=none" in made.applied.reason


@pytest.mark.parametrize("edit_class", [EditClass.SYNTHETIC, EditClass.ASSISTIVE, EditClass.UNEDITED])
@pytest.mark.parametrize("marks", [Marks.ALL, Marks.GENERATIVE])
def test_a_picture_that_a_model_made_keeps_saying_so_whatever_follows(edit_class, marks):
    generated = codec.encode(picture(), OutputFormat.PNG, xmp=xmp.packet(xmp.Origin(source_type=GENERATED)))
    made = marked(edit_class, generated, marks=marks)
    assert said_by(made.data) == GENERATED
    again = marked(EditClass.ASSISTIVE, made.data, marks=marks)
    assert said_by(again.data) == GENERATED
    assert again.applied.credentials
    assert again.applied.credentials.source_manifest


def test_a_size_of_an_unmarked_picture_claims_nothing_of_its_making():
    made = marked(EditClass.UNEDITED)
    assert said_by(made.data) == ""
    assert credentials.read(made.data)


@pytest.mark.parametrize("output_format", OutputFormat)
def test_nothing_private_is_carried_over_unless_asked(output_format):
    private = marked(of=source(exif=True), output_format=output_format)
    assert b"Hong Gildong" not in private.data
    assert b"private words" not in private.data
    with Image.open(io.BytesIO(private.data)) as image:
        assert not image.getexif()
        assert "icc_profile" not in image.info
    kept = marked(of=source(exif=True), output_format=output_format, exif=True)
    with Image.open(io.BytesIO(kept.data)) as image:
        assert image.getexif()[ExifTags.Base.Artist] == "Hong Gildong"
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert kept.applied.exif_kept
    assert codec.pixel_sha256(kept.picture) == codec.pixel_sha256(private.picture)


@pytest.mark.parametrize("language", [Label.EN, Label.KO, Label.ZH])
def test_a_label_covers_its_box_and_nothing_else(language):
    made = marked(label=language)
    assert made.applied.label
    assert made.applied.label.text == KINDS[EditClass.GENERATIVE].words[language]
    differs = (np.asarray(made.picture) != np.asarray(picture())).any(axis=-1)
    left, top, right, bottom = made.applied.label.box
    differs[top:bottom, left:right] = False
    assert not differs.any()
    assert not made.applied.same_pixels


def test_without_a_free_place_there_is_no_label_and_the_receipt_says_why():
    made = marked(label=Label.KO, avoid=lambda image: (Box(0, 0, *image.size),))
    assert made.applied.label is None
    assert "no place" in made.applied.label_missing
    assert marked(EditClass.ASSISTIVE, label=Label.KO).applied.label_missing == ""


@pytest.mark.parametrize("output_format", OutputFormat)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_watermark_names_the_work_and_the_proof_stays_with_the_master(output_format, mode):
    made = marked(image=picture(mode=mode), watermark=True, output_format=output_format)
    assert made.applied.watermark
    assert watermark.read(made.picture) == bytes.fromhex(IDENTITY)[:4]
    assert made.applied.watermark.psnr_db >= 38
    assert made.applied.master_sha256 == codec.pixel_sha256(picture(mode=mode))
    assert not made.applied.same_pixels


def test_a_picture_too_small_for_a_watermark_goes_without_and_says_so():
    made = marked(image=picture((100, 300)), watermark=True)
    assert made.applied.watermark is None
    assert "256" in made.applied.watermark_missing


@pytest.mark.parametrize("stripped", ["XMP", "C2PA"])
def test_marks_that_were_taken_away_are_missed(stripped):
    made = marked()
    bare = codec.encode(made.picture, OutputFormat.PNG)
    failing = {point.name for point in inspect(made.applied, bare, made.picture, "") if point.finding is Finding.FAILS}
    assert stripped in failing
