"""Local changes: recolour, brighten, darken, blur, and removal of an object by filling in what lies around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import lab2rgb, rgb2lab
from skimage.measure import label

from tasks.domain.errors import UnsupportedInstruction
from tasks.domain.instruction import Operation
from tasks.engines.protocol import Edited
from tasks.imaging import palette
from tasks.imaging.area import Mask, bounding_box, grown, window
from tasks.imaging.heal import heal
from tasks.imaging.region import cell

LARGEST_HOLE = 512
"""Pixels a side up to which an object is filled in; beyond, nothing near it tells what was behind."""
STANDS_OUT = 14.0
"""CIE76 difference from its surroundings that makes a patch an object."""


def recolour(image: Image.Image, operation: Operation, allowed: Mask | None) -> Edited:
    """The region in the operation's colour, with its own shading and highlights.

    Raises `UnsupportedInstruction` when no region is known.
    """
    region = _needed(allowed, "recolour")
    lab = rgb2lab(np.asarray(image) / 255.0)
    wanted = rgb2lab(np.array(palette.to_rgb(operation.colour or "grey"), dtype=np.uint8)[None, None] / 255.0)[0, 0]
    lightness = lab[..., 0]
    middle = float(np.median(lightness[region]))
    spread = min(1.0, (100 - wanted[0]) / max(1.0, 100 - middle), wanted[0] / max(1.0, middle) + 0.35)
    shaded = np.clip(wanted[0] + (lightness - middle) * max(0.35, spread), 0, 100)
    strength = np.clip(shaded / max(1.0, wanted[0]), 0.2, 1.15)  # colours fade into shadows
    strength *= 1 - np.clip((shaded - 88) / 12, 0, 1) * (wanted[0] < 88)  # and into highlights
    painted = np.dstack([shaded, wanted[1] * strength, wanted[2] * strength])
    return Edited(_mixed(image, lab2rgb(painted), _softened(region, 1.0)), {"colour": str(operation.colour)})


def brighten(image: Image.Image, operation: Operation, allowed: Mask | None) -> Edited:
    """The region, or the whole picture, lighter by a gamma of 0.65; blacks and whites stay."""
    return _toned(image, operation, allowed, gamma=0.65)


def darken(image: Image.Image, operation: Operation, allowed: Mask | None) -> Edited:
    """The region, or the whole picture, darker by a gamma of 1.7; blacks and whites stay."""
    return _toned(image, operation, allowed, gamma=1.7)


def blur(image: Image.Image, operation: Operation, allowed: Mask | None) -> Edited:
    """The region, or the whole picture, out of focus; what is outside does not bleed into it."""
    del operation
    radius = max(2.0, 0.012 * max(image.size))
    pixels = np.asarray(image) / 255.0
    region = np.ones(pixels.shape[:2], dtype=bool) if allowed is None else allowed
    weight = ndimage.gaussian_filter(region.astype(float), radius)
    spread = ndimage.gaussian_filter(pixels * region[..., None], (radius, radius, 0))
    soft = spread / np.maximum(weight, 1e-3)[..., None]
    return Edited(_mixed(image, soft, _softened(region, radius / 3)), {"radius": f"{radius:.1f} px"})


def remove_object(image: Image.Image, operation: Operation, allowed: Mask | None) -> Edited:
    """The object in the region gone, its place filled with what surrounds it.

    In a cell of the grid the object is what stands out there. Raises `UnsupportedInstruction` when no region is known,
    nothing stands out, or the hole would be larger than `LARGEST_HOLE`.
    """
    region = _needed(allowed, "remove an object")
    if operation.place is not None and operation.subject is None and operation.marked_by is None:
        region = _object_in(image, region & cell(image.size, operation.place))
    parts = label(region)
    holes = [bounding_box(parts == number) for number in range(1, parts.max() + 1)]
    largest = max(holes, key=lambda box: max(box.width, box.height))
    if max(largest.width, largest.height) > LARGEST_HOLE:
        raise UnsupportedInstruction(
            f"the object is {largest.width} x {largest.height} pixels; this engine fills up to {LARGEST_HOLE} a side"
        )
    pixels = np.array(image, dtype=np.float32)
    for box in holes:
        around = grown(box, max(48, box.width, box.height), image.size)
        part, gap = window(pixels, around), window(region, around)
        part[...] = heal(part, gap, ~gap)
    filled = np.array(image)
    filled[region] = np.clip(pixels[region], 0, 255).round().astype(np.uint8)
    return Edited(Image.fromarray(filled), {"box": "; ".join(" ".join(map(str, box)) for box in holes)})


def _needed(allowed: Mask | None, what: str) -> Mask:
    if allowed is None:
        raise UnsupportedInstruction(
            f"to {what} this engine must know where: name a colour ('the red ...'), a place ('in the top left'), "
            "a drawn box ('in the red box') or the background, or give a mask"
        )
    return allowed


def _toned(image: Image.Image, operation: Operation, allowed: Mask | None, *, gamma: float) -> Edited:
    del operation
    toned = (np.asarray(image) / 255.0) ** gamma
    region = np.ones(toned.shape[:2], dtype=bool) if allowed is None else allowed
    return Edited(_mixed(image, toned, _softened(region, 0.004 * max(image.size))), {"gamma": str(gamma)})


def _softened(region: Mask, width: float) -> NDArray[np.float64]:
    """The region as weights 0..1 that rise over `width` pixels inside its edge; outside stays 0."""
    if region.all():
        return np.ones(region.shape)
    return np.clip(ndimage.distance_transform_edt(region) / max(1.0, width), 0, 1)


def _mixed(image: Image.Image, pixels: NDArray[np.float64], weight: NDArray[np.float64]) -> Image.Image:
    """`image` where the weight is 0, `pixels` (0..1) where it is 1; untouched pixels keep their exact value."""
    before = np.asarray(image)
    after = np.clip(pixels, 0, 1) * 255
    mixed = np.rint(before + (after - before) * weight[..., None]).astype(np.uint8)
    return Image.fromarray(mixed)


def _object_in(image: Image.Image, region: Mask) -> Mask:
    """What stands out from the rim of the region, as one coherent patch, grown by a few pixels."""
    lab = ndimage.gaussian_filter(rgb2lab(np.asarray(image) / 255.0), (1.5, 1.5, 0))
    rim = region & ~ndimage.binary_erosion(region, iterations=max(2, round(0.01 * max(image.size))))
    ground = np.median(lab[rim], axis=0)
    apart = np.sqrt(((lab - ground) ** 2).sum(-1)) * region
    patches = label(ndimage.binary_closing(apart > STANDS_OUT, iterations=3) & region)
    sizes = np.bincount(patches.ravel(), minlength=2)
    sizes[0] = 0
    if sizes.max() < 30:
        raise UnsupportedInstruction("no object stands out at that place; draw a box around it or give a mask")
    patch = patches == sizes.argmax()
    inner_rim = region & ~ndimage.binary_erosion(region, border_value=1)  # the picture's own border does not count
    if (patch & inner_rim).sum() > 0.1 * (patch & ~ndimage.binary_erosion(patch)).sum():
        raise UnsupportedInstruction(
            "what stands out at that place reaches beyond it; draw a box around the object or give a mask"
        )
    return np.asarray(ndimage.binary_dilation(patch, iterations=5))
