from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms
from skimage import data as photographs

from tasks.domain.errors import ImageError, MaskError
from tasks.domain.models import OutputFormat
from tasks.imaging import codec

PICTURES = st.tuples(st.integers(1, 48), st.integers(1, 48), st.sampled_from([3, 4])).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(size: tuple[int, int] = (40, 30)) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels_to_come = struct.pack(">I", 100) + b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + pixels_to_come


@given(PICTURES)
@settings(max_examples=60, deadline=None)
def test_png_and_webp_give_back_every_bit(samples):
    image = Image.fromarray(samples)
    for output_format in (OutputFormat.PNG, OutputFormat.WEBP):
        again = codec.decode(codec.encode(image, output_format), name="x")
        assert codec.pixel_sha256(again) == codec.pixel_sha256(image)


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_noise_is_refused_with_the_one_error_callers_know(data):
    with pytest.raises(ImageError):
        codec.decode(data, name="noise")


@given(st.floats(0, 0.999), st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"]))
@settings(max_examples=120, deadline=None)
def test_a_truncated_file_is_refused_or_whole_never_half(share, kind):
    whole = file_of(gradient(), kind)
    try:
        image = codec.decode(whole[: int(len(whole) * share)], name="cut")
    except ImageError:
        return
    assert codec.pixel_sha256(image) == codec.pixel_sha256(codec.decode(whole, name="whole"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_and_the_tag_is_gone(orientation):
    upright = gradient((24, 16))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = codec.decode(file_of(stored, exif=exif), name="photo")
    assert np.array_equal(np.asarray(image), np.asarray(upright))
    assert not image.getexif()


def test_a_bomb_is_refused_from_its_header_before_anything_is_decoded():
    for width, height in ((16_001, 8_000), (60_000, 60_000), (2**31 - 1, 1)):
        with pytest.raises(ImageError, match=r"large|megapixels|limit"):
            codec.decode(png_header(width, height), name="bomb.png")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (png_header(4, 4), "truncated"),
    ],
)
def test_what_is_no_picture_is_refused_by_name_with_the_reason(data, says):
    with pytest.raises(ImageError, match=says) as refused:
        codec.decode(data, name="여름.png")
    assert "여름.png" in str(refused.value)


def test_a_palette_picture_without_its_palette_is_refused():
    whole = file_of(gradient().convert("P"))
    start = whole.index(b"PLTE") - 4
    (length,) = struct.unpack_from(">I", whole, start)
    with pytest.raises(ImageError, match="palette"):
        codec.decode(whole[:start] + whole[start + 12 + length :], name="x")


def test_a_webp_that_would_take_gigabytes_is_refused_from_its_header():
    wide = file_of(Image.new("RGB", (16_000, 3_800)), "WEBP", quality=1, method=0)
    with pytest.raises(ImageError, match="the limit is 60"):
        codec.decode(wide, name="x")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_is_refused(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    with pytest.raises(ImageError, match="2 frames"):
        codec.decode(file_of(frames[0], kind, save_all=True, append_images=frames[1:]), name="clip")


def test_a_mode_nobody_prints_is_refused():
    with pytest.raises(ImageError, match="colour mode F"):
        codec.decode(file_of(Image.new("F", (4, 4)), "TIFF"), name="depth.tiff")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_usual_mode_comes_out_as_rgb_or_rgba(mode):
    source = (
        Image.fromarray((np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8))
        if mode == "I;16"
        else (gradient((8, 8)).convert("L").convert(mode) if mode == "LA" else gradient((8, 8)).convert(mode))
    )
    image = codec.decode(file_of(source, "TIFF" if mode in {"CMYK", "I;16"} else "PNG"), name=mode)
    assert image.mode == ("RGBA" if mode in {"LA", "RGBA"} else "RGB")
    assert np.asarray(image)[..., :3].max() > 100


def test_transparency_of_a_palette_is_kept():
    source = gradient((8, 8)).quantize(8)
    image = codec.decode(file_of(source, transparency=0), name="logo.png")
    assert image.mode == "RGBA"
    assert np.asarray(image)[..., 3].min() == 0


def test_a_colour_profile_is_converted_and_a_broken_one_ignored():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red = Image.new("RGB", (4, 4), (200, 30, 40))
    assert codec.decode(file_of(red, icc_profile=lab), name="x").getpixel((0, 0)) == (200, 30, 40)
    assert codec.decode(file_of(red, icc_profile=b"nonsense"), name="x").getpixel((0, 0)) == (200, 30, 40)


def test_a_jpeg_of_a_transparent_picture_lies_on_white_and_stays_close():
    image = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    flat = codec.decode(codec.encode(image, OutputFormat.JPEG), name="x")
    assert np.asarray(flat).min() > 250


def test_a_mask_is_two_valued_and_white_means_may_change():
    mask = Image.new("L", (10, 10), 0)
    mask.paste(140, (0, 0, 5, 10))
    stencil = codec.decode_mask(file_of(mask), name="m.png", size=(10, 10))
    assert stencil.mode == "L"
    assert stencil.getbbox() == (0, 0, 5, 10)
    assert set(np.unique(np.asarray(stencil))) == {0, 255}


def test_in_a_mask_with_transparency_the_transparent_part_may_change():
    mask = Image.new("RGBA", (10, 10), (255, 255, 255, 255))
    mask.paste((0, 0, 0, 0), (6, 0, 10, 10))
    assert codec.decode_mask(file_of(mask), name="m.png", size=(10, 10)).getbbox() == (6, 0, 10, 10)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (file_of(Image.new("L", (9, 10), 255)), "9 x 10"),
        (file_of(Image.new("L", (10, 10), 0)), "selects nothing"),
        (b"no", "mask"),
    ],
)
def test_a_mask_that_cannot_be_used_is_refused_with_the_reason(data, says):
    with pytest.raises(MaskError, match=says):
        codec.decode_mask(data, name="m.png", size=(10, 10))


@pytest.mark.parametrize(
    ("size", "output_format"), [((16_384, 1), OutputFormat.WEBP), ((1, 70_000), OutputFormat.JPEG)]
)
def test_what_a_format_cannot_hold_is_refused_before_any_work(size, output_format):
    with pytest.raises(ImageError, match="ask for png"):
        codec.ensure_encodable(size, output_format)
    codec.ensure_encodable(size, OutputFormat.PNG)


@pytest.mark.parametrize(
    ("picture", "strategy"),
    [
        (Image.fromarray(photographs.astronaut()), zlib.Z_RLE),
        (Image.fromarray(photographs.immunohistochemistry()), zlib.Z_RLE),
        (Image.fromarray(photographs.camera()).convert("RGB"), zlib.Z_FILTERED),
        (Image.fromarray(photographs.page()).convert("RGB"), zlib.Z_FILTERED),
    ],
)
def test_a_png_is_compressed_the_quick_way_where_that_makes_it_hardly_larger(picture, strategy):
    data = codec.encode(picture, OutputFormat.PNG)
    assert data == file_of(picture, compress_level=4, compress_type=strategy)
    assert len(data) <= 1.02 * len(file_of(picture, compress_level=4))
    assert Image.open(io.BytesIO(data)).tobytes() == picture.tobytes()
