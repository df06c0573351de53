"""Bytes to pictures and back: every picture inside is upright, sRGB, RGB or RGBA, fully loaded, without metadata."""

from __future__ import annotations

import hashlib
import io
import warnings
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from tasks.domain.errors import ImageError, MaskError
from tasks.domain.models import OutputFormat

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "I;16L")
MAX_PIXELS = 128_000_000
"""Largest picture let in, in pixels (16000 x 8000); checked from the header, before anything is decoded."""
MOST_PIXELS = {"WEBP": 60_000_000, "JPEG": 110_000_000}
"""Where a format takes less: libwebp holds a picture four times, libjpeg the coefficients of a progressive one. No
picture may need more than 1.5 GB."""
TO_8_BITS = (np.arange(2**16) / 257).round().astype(np.uint8)
"""Grey of 16 bits -> of 8."""

LONGEST_SIDE: dict[OutputFormat, int] = {
    OutputFormat.PNG: MAX_PIXELS,
    OutputFormat.JPEG: 65_500,
    OutputFormat.WEBP: 16_383,
}
"""Pixels a side: the formats' own limits (JPEG's is that of libjpeg)."""

BAND, BANDS_APART = 8, 16
"""Rows of a PNG that are tried together, and of how many such bands one is tried: how to compress it shows there."""
HARDLY = 1.01
"""How many times larger those may come out."""

SAVE_OPTIONS: dict[OutputFormat, dict[str, object]] = {
    OutputFormat.PNG: {"compress_level": 4},  # within 3 % of level 6 in size at half its time
    OutputFormat.JPEG: {"quality": 95, "subsampling": 0},  # 4:4:4: coloured lettering stays crisp
    OutputFormat.WEBP: {"lossless": True, "exact": True},  # exact: colours under full transparency survive
}


def decode(data: bytes, *, name: str) -> Image.Image:
    """The picture in `data`: sRGB, mode RGB or RGBA, EXIF orientation applied. `name` only serves the messages.

    Transparency is kept. A colour profile is converted to sRGB (perceptual intent); a profile that cannot be read is
    ignored, as browsers do. 16-bit grey is scaled to 8 bits. Raises `ImageError` for anything else.
    """
    image = _open(data, name)
    return _as_srgb(image)


def decode_mask(data: bytes, *, name: str, size: tuple[int, int]) -> Image.Image:
    """The mask in `data`, mode L: 255 where pixels may change, 0 where not.

    A mask with transparency follows the convention of the OpenAI images API: transparent means "may change". Otherwise
    white means "may change", with the border at grey 128. Raises `MaskError` when it is not a picture of `size` or
    selects nothing.
    """
    try:
        image = decode(data, name=name)
    except ImageError as unreadable:
        raise MaskError(f"mask: {unreadable}") from unreadable
    if image.size != size:
        raise MaskError(f"mask {name!r} is {_by(image.size)}, the picture is {_by(size)}: make them the same size")
    if image.mode == "RGBA" and np.asarray(image.getchannel("A")).min() < 255:
        stencil = ImageOps.invert(image.getchannel("A"))
    else:
        stencil = image.convert("L")
    stencil = stencil.point(lambda value: 255 if value >= 128 else 0)
    if stencil.getbbox() is None:
        raise MaskError(f"mask {name!r} selects nothing: paint white where the edit may change pixels")
    return stencil


def encode(image: Image.Image, output_format: OutputFormat, *, xmp: bytes = b"", exif: bytes = b"") -> bytes:
    """The file of a picture of mode L, RGB or RGBA: PNG and WebP lossless, JPEG 4:4:4 at quality 95 on white.

    Nothing else is in it but the XMP packet and the EXIF given; they change no pixel.
    """
    image = as_written(image, output_format)
    options = SAVE_OPTIONS[output_format] | ({"exif": exif} if exif else {})
    if output_format is OutputFormat.PNG and _runs_only(image):
        options["compress_type"] = zlib.Z_RLE
    if xmp and output_format is OutputFormat.PNG:
        chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options["pnginfo"] = chunks
    elif xmp:
        options["xmp"] = xmp
    buffer = io.BytesIO()
    image.save(buffer, output_format.value.upper(), **options)
    return buffer.getvalue()


def as_written(image: Image.Image, output_format: OutputFormat) -> Image.Image:
    """The picture as a format can hold it: on white where it holds no transparency."""
    if output_format is OutputFormat.JPEG and image.mode == "RGBA":
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image


def ensure_encodable(size: tuple[int, int], output_format: OutputFormat) -> None:
    """Return when a picture of this size can be written in this format; raises `ImageError` otherwise."""
    longest = LONGEST_SIDE[output_format]
    if max(size) > longest:
        raise ImageError(
            f"{output_format} holds at most {longest} pixels a side, the picture is {_by(size)}: ask for png"
        )


def pixel_sha256(image: Image.Image) -> str:
    """SHA-256 over mode, size and samples: the same for the same pixels, whatever file they came in."""
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height} ".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def _runs_only(image: Image.Image) -> bool:
    """True when a PNG of the picture is hardly larger where zlib only looks for runs, by a few of its rows.

    That takes half the time, and holds for most photographs in colour: there is little else in them to be found.
    Lettering and plain grounds would be a fifth larger, grey pictures in colour up to twice as large.
    """
    tops = range(0, image.height, BAND * BANDS_APART)
    sample = Image.new(image.mode, (image.width, BAND * len(tops)))
    for number, top in enumerate(tops):
        sample.paste(image.crop((0, top, image.width, top + BAND)), (0, number * BAND))
    sizes = []
    for strategy in (zlib.Z_RLE, zlib.Z_FILTERED):
        buffer = io.BytesIO()
        sample.save(buffer, "PNG", **SAVE_OPTIONS[OutputFormat.PNG], compress_type=strategy)
        sizes.append(buffer.tell())
    return sizes[0] <= HARDLY * sizes[1]


def _open(data: bytes, name: str) -> Image.Image:
    """The loaded picture, upright, its size and kind checked before its pixels are decoded."""
    if not data:
        raise ImageError(f"{name!r} is empty (0 bytes): give a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning, and remarks on odd but readable metadata
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            _refuse_unfit(image, name)
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            if image.mode in {"P", "PA"} and image.palette is None:
                raise ValueError("the palette its colours are taken from is missing")
    except UnidentifiedImageError:
        raise ImageError(f"{name!r} is not a picture: give one of {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError as bomb:
        raise ImageError(f"{name!r} is too large: {bomb}") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as broken:
        raise ImageError(f"{name!r} is truncated or damaged ({broken}): send the whole file") from broken
    return image


def _refuse_unfit(image: Image.Image, name: str) -> None:
    if min(image.size) < 1:
        raise ImageError(f"{name!r} is {_by(image.size)}: a picture has at least one pixel")
    most = MOST_PIXELS.get(image.format or "", MAX_PIXELS)
    if image.width * image.height > most:
        raise ImageError(
            f"{name!r} is {_by(image.size)}, {image.width * image.height / 1e6:.0f} megapixels: "
            f"the limit is {most / 1e6:.0f}, make it smaller"
        )
    if getattr(image, "n_frames", 1) > 1:
        raise ImageError(
            f"{name!r} has {getattr(image, 'n_frames', 1)} frames: give a single picture, not an animation"
        )
    if image.mode not in MODES:
        raise ImageError(f"{name!r} has colour mode {image.mode}: save it as RGB, RGBA, CMYK or grey")


def _as_srgb(image: Image.Image) -> Image.Image:
    """The picture in sRGB, without its metadata."""
    if image.mode.startswith("I;16"):
        return Image.fromarray(TO_8_BITS[np.asarray(image, dtype=np.uint16)]).convert("RGB")
    profile = image.info.get("icc_profile")
    alpha = _transparency(image)
    colours = image if image.mode in {"RGB", "CMYK", "L"} else image.convert("RGB")
    if profile:
        colours = _through_profile(colours, profile)
    plain = colours.convert("RGB") if colours is image or colours.mode != "RGB" else colours
    if alpha is not None:
        plain.putalpha(alpha)
    plain.info.clear()
    return plain


def _transparency(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel is; None when all are, by the kind of picture."""
    if not image.has_transparency_data:
        return None
    return (image if "A" in image.getbands() else image.convert("RGBA")).getchannel("A")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture converted from its own colour profile to sRGB, or as it is when the profile does not fit it."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        in_place = image.mode == "RGB"  # where a picture takes gigabytes, a copy less counts
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB", inPlace=in_place
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted or image


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
