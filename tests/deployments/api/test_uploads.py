from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from deployments.api.uploads import copy_as, ensure_listed, keep_picture
from tasks.domain.errors import ImageError, RequestError
from tasks.domain.models import OutputFormat
from tasks.imaging import codec
from tasks.provenance import credentials, xmp


def file_of(size=(40, 30), kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_picture_is_kept_under_its_content_whatever_the_client_calls_it(base) -> None:
    data = file_of(kind="JPEG")

    first, second = keep_picture(data, "../../etc/passwd", base, 10_000), keep_picture(data, "사진", base, 10_000)

    assert first == second
    assert first.uri.startswith(f"{base}/")
    assert first.uri.endswith(".jpg")
    assert first.size == (40, 30)


def test_size_is_that_of_the_upright_picture(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn

    assert keep_picture(file_of(kind="JPEG", exif=exif), "a", str(tmp_path), 10_000).size == (30, 40)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "empty"), (b"<svg/>", "not a picture"), (file_of()[:60], "truncated"), (file_of((200, 200)), "takes 0")],
)
def test_what_is_no_picture_leaves_nothing(tmp_path, data, said) -> None:
    with pytest.raises(ImageError, match=said):
        keep_picture(data, "a.png", str(tmp_path / "up"), 10_000)
    assert not (tmp_path / "up").exists()


def test_only_listed_places_are_read_from(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc")
    sources = (str(tmp_path / "in"), "s3://shop/pictures")

    assert ensure_listed(str(tmp_path / "in" / "a.png"), sources)
    assert ensure_listed("s3://shop/pictures/a.png", sources)
    for outside in ("/etc/passwd", f"{tmp_path}/in/../b.png", f"{tmp_path}/in/link/passwd", "s3://shop/pictures2/a"):
        with pytest.raises(RequestError, match="EDIT_FLOWS_API_SOURCES"):
            ensure_listed(outside, sources)
    with pytest.raises(RequestError):
        ensure_listed("https://elsewhere.example/a.png", sources)


def test_a_copy_comes_in_the_size_and_format_asked_for(tmp_path) -> None:
    kept = Path(keep_picture(file_of(), "a", str(tmp_path), 10_000).uri).read_bytes()

    copy = Image.open(io.BytesIO(copy_as(kept, (20, 15), OutputFormat.WEBP)))

    assert (copy.format, copy.size) == ("WEBP", (20, 15))


def test_a_copy_says_what_it_was_made_from_and_keeps_its_credentials() -> None:
    generated = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    told = xmp.packet(xmp.Origin(source_type=generated, identity="ab" * 32))
    kept = codec.encode(Image.new("RGB", (40, 30), "red"), OutputFormat.PNG, xmp=told)

    copy = copy_as(kept, (20, 15), OutputFormat.WEBP)

    read, signed = xmp.read(copy), credentials.read(copy)
    assert read
    assert (read.source_type, read.identity) == (generated, "ab" * 32)
    assert signed
    assert signed.actions == ("c2pa.opened", "c2pa.resized")
