"""What a result keeps of its source's EXIF: nothing unless asked, then what tells of the picture."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tasks.domain.models import OutputFormat
from tasks.imaging import codec
from tasks.imaging.exif import MOST_BYTES, kept_exif

SECRETS = (b"Kim Minji", b"4711-serial", b"<x:xmpmeta", b"an IPTC caption", b"a comment", b"by hand", b"ICC_PROFILE")


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(2).integers(0, 256, (24, 32, 3), np.uint8))


def exif(artist: str = "Kim Minji", note: bytes = b"ASCII\0\0\0by hand") -> Image.Exif:
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = 6
    block[ExifTags.Base.Artist] = artist
    block[ExifTags.Base.Make] = "Hanbit"
    block[ExifTags.IFD.Exif] = {
        ExifTags.Base.MakerNote: b"4711-serial",
        ExifTags.Base.UserComment: note,
        ExifTags.Base.ExifImageWidth: 32,
        ExifTags.Base.DateTimeOriginal: "2026:11:26 10:00:00",
    }
    block[ExifTags.IFD.GPSInfo] = {1: "N", 2: (37.0, 33.0, 59.0), 3: "E", 4: (126.0, 58.0, 41.0)}
    return block


def source(kind: str = "JPEG", block: Image.Exif | bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, kind, exif=exif() if block is None else block)
    return buffer.getvalue()


def private_jpeg() -> bytes:
    """A JPEG with all that a camera and a picture desk leave in it."""
    buffer = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    picture().save(buffer, "JPEG", exif=exif(), xmp=packet, comment=b"a comment", icc_profile=profile)
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x14\x1c\x02\x78\0\x0fan IPTC caption"
    whole = buffer.getvalue()
    return whole[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + whole[2:]


def private_png() -> bytes:
    buffer, chunks = io.BytesIO(), PngInfo()
    chunks.add_text("Author", "Kim Minji")
    chunks.add_itxt("Comment", "a comment", zip=True)
    chunks.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    picture().save(buffer, "PNG", pnginfo=chunks, exif=exif())
    return buffer.getvalue()


@pytest.mark.parametrize("private", [private_jpeg(), private_png()], ids=["JPEG", "PNG"])
@pytest.mark.parametrize("output_format", OutputFormat)
def test_by_default_a_result_holds_nothing_private(private, output_format):
    assert any(secret in private for secret in SECRETS)
    written = codec.encode(codec.decode(private, name="private"), output_format)
    assert not [secret for secret in SECRETS if secret in written]
    with Image.open(io.BytesIO(written)) as image:
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("output_format", OutputFormat)
def test_kept_it_is_upright_and_without_what_would_be_wrong(kind, output_format):
    plain = codec.encode(picture(), output_format)
    written = codec.encode(picture(), output_format, exif=kept_exif(source(kind)))
    with Image.open(io.BytesIO(written)) as image:
        found = image.getexif()
        about = found.get_ifd(ExifTags.IFD.Exif)
        assert found.get_ifd(ExifTags.IFD.GPSInfo)[2] == (37.0, 33.0, 59.0)
    assert (found[ExifTags.Base.Orientation], found[ExifTags.Base.Artist]) == (1, "Kim Minji")
    assert about[ExifTags.Base.DateTimeOriginal] == "2026:11:26 10:00:00"
    assert not {ExifTags.Base.MakerNote, ExifTags.Base.ExifImageWidth} & set(about)
    assert b"4711-serial" not in written
    assert codec.pixel_sha256(codec.decode(written, name="a")) == codec.pixel_sha256(codec.decode(plain, name="b"))


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool (libimage-exiftool-perl) is not installed")
def test_names_in_korean_are_kept_and_thumbnails_are_not(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(source(block=b""))
    thumbnail = tmp_path / "t.jpg"
    thumbnail.write_bytes(source(block=b""))
    tags = ["-EXIF:Artist=김민지", f"-ThumbnailImage<={thumbnail}", "-EXIF:Orientation#=8"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, path], check=True)
    path.write_bytes(codec.encode(picture(), OutputFormat.JPEG, exif=kept_exif(path.read_bytes())))
    (read,) = json.loads(subprocess.run(["exiftool", "-j", "-EXIF:all", path], capture_output=True, check=True).stdout)
    assert read["Artist"] == "김민지"
    assert "ThumbnailImage" not in read


def test_a_tiff_keeps_what_tells_of_the_picture_but_not_how_it_was_stored():
    block = Image.Exif()
    block[ExifTags.Base.Artist] = "Kim Minji"
    kept = Image.Exif()
    kept.load(kept_exif(source("TIFF", block)))
    assert dict(kept) == {ExifTags.Base.Artist: "Kim Minji", ExifTags.Base.Orientation: 1}


def test_a_picture_without_any_has_none_to_keep():
    assert kept_exif(source(block=b"")) == b""


def test_more_than_a_segment_holds_is_left_out():
    long = exif(note=b"ASCII\0\0\0" + b"x" * MOST_BYTES)
    assert kept_exif(source("PNG", long)) == b""


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(6, 400), st.integers(0, 255)), min_size=1, max_size=5))
def test_broken_exif_is_kept_in_part_or_not_at_all(changes):
    block = bytearray(exif().tobytes())
    for position, value in changes:
        block[6 + position % (len(block) - 6)] = value
    written = codec.encode(picture(), OutputFormat.JPEG, exif=kept_exif(source("PNG", bytes(block))))
    with Image.open(io.BytesIO(written)) as image:
        assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1


@given(st.binary(max_size=200))
def test_what_is_no_picture_has_none_to_keep(data):
    assert kept_exif(data) == b""
