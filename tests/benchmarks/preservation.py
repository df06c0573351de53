"""What is put back after local edits by a model that drifts, and what is left alone when everything was changed.

    python -m tests.benchmarks.preservation [SOURCES]

Photographs of skimage.data, 700 to 3000 px wide, are edited in one place; then they are treated as generative models
treat pictures: brought to one megapixel, blurred, moved, zoomed, turned, tinted, made noisy and compressed. SOURCES is
the number of differently sized sources made of each of the seven photographs (1).
"""

from __future__ import annotations

import io
import math
import sys
import time
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps
from scipy import ndimage
from skimage import data

from tasks.imaging.area import Mask
from tasks.imaging.preservation import FEATHER, preserve

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "retina", "hubble_deep_field", "stereo_motorcycle")
WIDTHS = (700, 1100, 1500, 2200, 3000)
EDITS = ("object", "soft object", "text", "recolour", "soft recolour", "small", "removal", "none")


def photo(name: str, width: int, rng: np.random.Generator) -> Image.Image:
    """A photograph of skimage.data at that width, with the grain of a camera."""
    found = getattr(data, name)()
    picture = Image.fromarray(found[0] if isinstance(found, tuple) else found).convert("RGB")
    large = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.BICUBIC)
    grain = ndimage.gaussian_filter(rng.normal(0, 6, (large.height, large.width, 3)), (0.6, 0.6, 0))
    return _picture(np.asarray(large, np.float32) + grain)


class Edit(NamedTuple):
    """An edited picture, where it was edited (H x W), and where of that one can see it: 8 grey levels or more."""

    image: Image.Image
    region: Mask
    visible: Mask


def edited(source: Image.Image, kind: str, rng: np.random.Generator) -> Edit:
    """`source` with one local edit of that kind at a random place."""
    width, height = source.size
    x, y = (int(side * rng.uniform(0.12, 0.5)) for side in source.size)
    stencil = Image.new("L", source.size)
    draw = ImageDraw.Draw(stencil)
    paint: Image.Image | None = None
    match kind:
        case "object" | "soft object":
            draw.ellipse((x, y, x + width * 0.25, y + height * 0.4), fill=255)
            paint = Image.new("RGB", source.size, (190, 40, 40))
            spot = (x + width * 0.05, y + height * 0.08, x + width * 0.13, y + height * 0.2)
            ImageDraw.Draw(paint).ellipse(spot, fill=(240, 200, 60))
        case "text":
            font = ImageFont.load_default(size=int(height * 0.09))
            draw.text((x * 0.4, y), "GRAND OPENING", font=font, fill=255)
            paint = Image.new("RGB", source.size, (250, 250, 250))
        case "recolour" | "soft recolour":
            draw.rectangle((x, y, x + width * 0.25, y + height * 0.35), fill=255)
            strength = (1.25, 0.85, 0.8) if kind == "recolour" else (1.15, 0.95, 0.88)
            paint = _picture(np.asarray(source, np.float32) * strength + (8, 0, -8))
        case "small":
            draw.rectangle((x, y, x + 39, y + 39), fill=255)
            paint = Image.new("RGB", source.size, (20, 220, 60))
        case "removal":
            draw.ellipse((x, y, x + width * 0.12, y + height * 0.18), fill=255)
            paint = _inpainted(source, stencil)
        case _:
            paint = source
    if kind == "soft object":
        stencil = stencil.filter(ImageFilter.GaussianBlur(width * 0.004))
    result = Image.composite(paint, source, stencil)
    region = np.asarray(stencil) > 127
    apart = cv2.GaussianBlur(np.asarray(result, np.float32) - np.asarray(source, np.float32), (0, 0), width / 500)
    return Edit(result, region, region & (np.abs(apart).max(axis=-1) >= 8))


class Drift(NamedTuple):
    """What a model does to a picture besides the edit; lengths in pixels of its own picture, rotation in degrees."""

    shift: tuple[float, float] = (0, 0)
    zoom: float = 1.0
    rotation: float = 0.0
    gain: tuple[float, float, float] = (1, 1, 1)
    bias: tuple[float, float, float] = (0, 0, 0)
    blur: float = 0.9
    noise: float = 1.5
    quality: int = 90

    @classmethod
    def random(cls, rng: np.random.Generator) -> Drift:
        """Drift as strong as models have it."""
        angle, length = rng.uniform(0, 2 * math.pi), rng.uniform(0, 4)
        return cls(
            (length * math.cos(angle), length * math.sin(angle)),
            rng.uniform(0.985, 1.02),
            rng.uniform(-0.3, 0.3),
            tuple(rng.uniform(0.96, 1.04, 3)),
            tuple(rng.uniform(-4, 4, 3)),
            rng.uniform(0.5, 1.2),
            rng.uniform(1, 2),
            int(rng.integers(85, 96)),
        )


def model_size(size: tuple[int, int], side: int = 1024) -> tuple[int, int]:
    """As many pixels as a square of that side has, in about the same shape, sides in multiples of 32."""
    ratio = size[0] / size[1]
    return round(side * ratio**0.5 / 32) * 32, round(side / ratio**0.5 / 32) * 32


def drifted(picture: Image.Image, drift: Drift, rng: np.random.Generator, side: int = 1024) -> Image.Image:
    """`picture` as a model would give it back: `side` squared pixels, with that drift."""
    width, height = model_size(picture.size, side)
    small = np.asarray(picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), np.float32)
    centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, -drift.rotation, drift.zoom)
    matrix[:, 2] += np.array(drift.shift)
    moved = cv2.warpAffine(small, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    moved = cv2.GaussianBlur(moved, (0, 0), drift.blur) * drift.gain + drift.bias
    noise = ndimage.gaussian_filter(rng.normal(0, 1, moved.shape), (0.7, 0.7, 0))
    buffer = io.BytesIO()
    _picture(moved + noise * drift.noise / noise.std()).save(buffer, "JPEG", quality=drift.quality, subsampling=0)
    return Image.open(buffer).convert("RGB")


def _picture(values: NDArray[np.floating] | NDArray[np.integer]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _inpainted(source: Image.Image, stencil: Image.Image) -> Image.Image:
    return Image.fromarray(cv2.inpaint(np.asarray(source), np.asarray(stencil), 3, cv2.INPAINT_TELEA))


def _tinted(*gains: float) -> Callable[[Image.Image], Image.Image]:
    return lambda source: _picture(np.asarray(source, np.float32) * gains)


def _mixed(*rows: tuple[float, float, float]) -> Callable[[Image.Image], Image.Image]:
    return lambda source: _picture(np.asarray(source, np.float32) @ np.transpose(rows))


def _vignette(source: Image.Image) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : source.height * 1j, -1 : 1 : source.width * 1j]
    return _picture(np.asarray(source, np.float32) * np.clip(1.1 - 0.45 * (x**2 + y**2), 0, 1)[..., None])


def _snow(source: Image.Image) -> Image.Image:
    pale = ImageEnhance.Color(source).enhance(0.35)
    return _picture(np.asarray(pale, np.float32) * (0.8, 0.85, 0.9) + (45, 48, 55))


def _pencil(source: Image.Image) -> Image.Image:
    grey = np.asarray(source.convert("L"), np.float32)
    return _picture(np.clip(grey / (cv2.GaussianBlur(grey, (0, 0), 8) + 1) * 245, 0, 255)).convert("RGB")


GLOBAL: dict[str, Callable[[Image.Image], Image.Image]] = {
    "invert": ImageOps.invert,
    "posterise to 4 levels": lambda source: ImageOps.posterize(source, 2),
    "posterise to 8 levels": lambda source: ImageOps.posterize(source, 3),
    "solarise": lambda source: ImageOps.solarize(source, 128),
    "edges": lambda source: source.filter(ImageFilter.FIND_EDGES),
    "warm": _tinted(1.15, 1.0, 0.8),
    "mildly warm": _tinted(1.06, 1.0, 0.92),
    "night": _mixed((0.4, 0, 0), (0, 0.42, 0), (0, 0, 0.55)),
    "black and white": lambda source: ImageOps.grayscale(source).convert("RGB"),
    "sepia": _mixed((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131)),
    "half saturation": lambda source: ImageEnhance.Color(source).enhance(0.5),
    "more saturation": lambda source: ImageEnhance.Color(source).enhance(1.5),
    "autumn": _mixed((0.7, 0.5, 0), (0.25, 0.65, 0), (0.05, 0.1, 0.6)),
    "snow": _snow,
    "mirror": ImageOps.mirror,
    "blur": lambda source: source.filter(ImageFilter.GaussianBlur(source.width * 0.008)),
    "soft blur": lambda source: source.filter(ImageFilter.GaussianBlur(source.width * 0.003)),
    "sharpen": lambda source: source.filter(ImageFilter.UnsharpMask(source.width / 500, 180, 2)),
    "oil": lambda source: Image.fromarray(cv2.medianBlur(np.asarray(source), source.width // 120 * 2 + 1)),
    "pencil": _pencil,
    "more contrast": lambda source: ImageEnhance.Contrast(source).enhance(1.35),
    "less contrast": lambda source: ImageEnhance.Contrast(source).enhance(0.75),
    "vignette": _vignette,
    "another picture": lambda source: source.transpose(Image.Transpose.ROTATE_180),
}


def local_trial(name: str, width: int, kind: str, seed: int) -> dict[str, object]:
    """One local edit, drifted and preserved: shares in percent of the pixels outside and inside the edited region."""
    rng = np.random.default_rng(seed)
    source = photo(name, width, rng)
    edit, drift = edited(source, kind, rng), Drift.random(rng)
    candidate = drifted(edit.image, drift, rng)
    begun = time.process_time()
    found = preserve(source, candidate)
    seconds = time.process_time() - begun
    exact = (np.asarray(found.image) == np.asarray(source)).all(-1)
    scale = source.width / candidate.width
    kept = np.ones_like(exact)
    if found.mask is not None:  # more than half of the edit: as far inside the mask as half of its feather
        kept = ndimage.distance_transform_edt(found.mask) > scale * FEATHER / 2
    return {
        "edit": kind,
        "source": f"{name} {width}",
        "applied": 100.0 * found.report.applied,
        "exact outside": 100 * exact[~edit.region].mean(),
        "kept": 100 * kept[edit.visible].mean() if edit.visible.any() else np.nan,
        "shift error": abs(found.report.shift_px / scale - math.hypot(*drift.shift)),
        "s/MP": seconds / (source.width * source.height / 1e6),  # of processor time, all cores together
        "seconds": seconds,
        "reason": found.report.reason,
    }


def global_trial(name: str, width: int, kind: str, seed: int) -> dict[str, object]:
    """One edit of everything, drifted: untouched means that nothing of the source was put back."""
    rng = np.random.default_rng(seed)
    source = photo(name, width, rng)
    candidate = drifted(GLOBAL[kind](source), Drift.random(rng), rng)
    found = preserve(source, candidate)
    untouched = found.image == candidate.resize(source.size, Image.Resampling.LANCZOS)
    return {"look": kind, "source": f"{name} {width}", "untouched": untouched, "reason": found.report.reason}


def print_local(table: pd.DataFrame) -> None:
    """Shares put back and kept, per kind of edit."""
    summary = table.groupby("edit").agg(
        edits=("edit", "size"),
        applied=("applied", "mean"),
        exact=("exact outside", "median"),
        exact_worst=("exact outside", "min"),
        kept=("kept", "median"),
        kept_worst=("kept", "min"),
        shift_error=("shift error", "median"),
        shift_error_worst=("shift error", "max"),
        cpu_s=("seconds", "median"),
        cpu_s_per_mp=("s/MP", "median"),
    )
    print(summary.to_string(float_format=lambda value: f"{value:.2f}"))
    edits = table[table["edit"] != "none"]
    for share in ("exact outside", "kept"):
        print(f"all edits, {share}: median {edits[share].median():.2f} %, worst {edits[share].min():.2f} %")
    wrong = table[(table["applied"] > 0) == (table["edit"] == "none")]
    print(f"changes not found, or found where there are none: {len(wrong)} of {len(table)}")
    print(wrong[["edit", "source", "reason"]].to_string(index=False))


def print_global(table: pd.DataFrame) -> None:
    """How many looks were left alone, and which were not."""
    print(f"looks of everything: {table['untouched'].sum()} of {len(table)} untouched")
    print(table.loc[~table["untouched"], ["look", "source", "reason"]].to_string(index=False))


if __name__ == "__main__":
    sizes = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    edits = enumerate(product(range(sizes), PHOTOS, EDITS), start=1000)
    print_local(pd.DataFrame([local_trial(name, WIDTHS[seed % 5], kind, seed) for seed, (_, name, kind) in edits]))
    looks = enumerate(product(PHOTOS, GLOBAL), start=5000)
    print_global(pd.DataFrame([global_trial(name, WIDTHS[seed % 2], look, seed) for seed, (name, look) in looks]))
