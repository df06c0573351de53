"""The checks of a candidate, one function each, and `inspect`, which runs those a plan asks for.

Each takes the evidence and gives a `Check`: score, bar, verdict, failure class, and what was seen in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.metrics import structural_similarity
from skimage.morphology import disk, opening

from tasks.domain import acceptance as bar
from tasks.domain.errors import EngineError
from tasks.domain.models import Box, Check, CheckName, Contract, EditType, FailureClass, TextLine, Verdict
from tasks.imaging.area import Mask, bounding_box
from tasks.imaging.evidence import Evidence, Plane
from tasks.imaging.reading import check_text

MOST = 9.99
"""Headroom is cut here: beyond, more of it says nothing."""


def inspect(
    source: Image.Image,
    candidate: Image.Image,
    contract: Contract,
    allowed: Mask | None,
    source_lines: Sequence[TextLine],
    candidate_lines: Sequence[TextLine],
) -> Verdict:
    """The verdict on a candidate: one `Check` for each name in `contract.checks`.

    `allowed` is H x W, true where pixels may change, or None when that is not known; the lines are what was read in
    the two pictures (only needed for the text check). Raises `EngineError` when the sizes differ.
    """
    if source.size != candidate.size:
        raise EngineError(f"the engine turned {source.size} into {candidate.size}; it must keep the size of the source")
    evidence = Evidence(source, candidate, contract, allowed, source_lines, candidate_lines)
    return Verdict(checks=tuple(CHECKS[name](evidence) for name in contract.checks))


def check_intact(evidence: Evidence) -> Check:
    """A picture at all: not blank, black or noise. Score: headroom over the least contrast and coherence."""
    before, after = evidence.greys
    kept = _stays(evidence)
    range_before, range_after = before[kept].std(), after[kept].std()
    contrast = 1.0 if range_before < 4 else range_after / range_before / bar.MIN_CONTRAST
    coherence = _coherence(after) / min(bar.MIN_COHERENCE, max(0.05, _coherence(before) * 0.7))
    return _headroom(
        CheckName.INTACT,
        {FailureClass.DAMAGED: min(contrast, coherence)},
        f"contrast {range_after:.0f} (source {range_before:.0f}), neighbours correlate {_coherence(after):.2f}",
    )


def check_changed(evidence: Evidence) -> Check:
    """Something visibly changed where it should. Score: headroom over the least share, or mean difference for looks."""
    difference, region = evidence.difference, evidence.region
    if evidence.contract.edit_type is EditType.SEMANTIC or CheckName.COMPOSITION in evidence.contract.checks:
        mean = float(difference.mean())
        return _headroom(
            CheckName.CHANGED, {FailureClass.UNCHANGED: mean / bar.MIN_LOOK_DE}, f"mean colour difference {mean:.2f}"
        )
    if region is not None:
        share = float((difference[region] > bar.VISIBLE_DE).mean()) if region.any() else 0.0
        needed, where = bar.MIN_CHANGED_INSIDE, "the region"
    else:
        share = float(opening(difference > bar.VISIBLE_DE, disk(2)).mean())
        needed, where = bar.MIN_CHANGED_ANYWHERE, "the picture"
    return _headroom(
        CheckName.CHANGED, {FailureClass.UNCHANGED: share / needed}, f"{share:.2%} of {where} changed visibly"
    )


def check_preserved(evidence: Evidence) -> Check:
    """Everything outside the intended region as it was. Score: least headroom of structure, colour, exposure, share.

    When the region is not known, the change must be local: a bounded number of tiles, the rest untouched.
    """
    region, tiles = evidence.region, 0.0
    if region is None:
        region, tiles = _touched_tiles(evidence.difference > bar.VISIBLE_DE)
    outside = ~region
    if not outside.any():
        local = FailureClass.STRUCTURE_LOST if tiles > bar.MAX_TILES_TOUCHED else None
        return _headroom(
            CheckName.PRESERVED, {local: bar.MAX_TILES_TOUCHED / tiles} if local else {}, "nothing outside"
        )
    difference = evidence.difference
    before, after = evidence.labs
    cast = float(np.hypot(*np.median((after - before)[outside], axis=0)[1:]))
    median = float(np.median(difference[outside]))
    share = float((difference[outside] > bar.OUTSIDE_DE).mean())
    similar = _similarity(*evidence.greys, outside)
    detail, kept = (_fine_detail(grey, outside) for grey in evidence.greys)
    steep = kept / detail if detail > 2 else bar.BAR  # flat ground has no detail to lose
    structure = min(similar / bar.MIN_SSIM_OUTSIDE, bar.MAX_SHARE_OUTSIDE / max(share, 1e-9))
    return _headroom(
        CheckName.PRESERVED,
        {
            FailureClass.COLOUR_CAST: min(bar.MAX_CAST / max(cast, 1e-9), bar.MAX_MEDIAN_OUTSIDE / max(median, 1e-9)),
            FailureClass.BLURRED: steep / bar.MIN_SHARPNESS,
            FailureClass.STRUCTURE_LOST: min(structure, bar.MAX_TILES_TOUCHED / max(tiles, 1e-9)),
        },
        f"outside: SSIM {similar:.3f}, {share:.2%} visibly different, cast {cast:.1f}, median difference {median:.1f}",
        _enlarged_box(outside & (difference > bar.OUTSIDE_DE), evidence.scale),
    )


def check_sharpness(evidence: Evidence) -> Check:
    """Edges as steep as the source's: of the lettering where text was replaced, else of what was to stay."""
    old, new = evidence.old_lines, evidence.new_lines
    if old and new:
        ratio = _steepness(_crop(evidence.candidate, new[0].box)) / _steepness(_crop(evidence.source, old[0].box))
        what = "lettering"
    else:
        where = _stays(evidence)
        ratio, what = (_steepness(evidence.greys[1], where) / _steepness(evidence.greys[0], where)), "picture"
    return _headroom(
        CheckName.SHARPNESS, {FailureClass.BLURRED: ratio / bar.MIN_SHARPNESS}, f"{what} keeps {ratio:.0%} of its edges"
    )


def check_composition(evidence: Evidence) -> Check:
    """What is where stays: correlation of the gradient maps, evened out over the picture, against the least."""
    before, after = (_gradient_map(grey) for grey in evidence.greys)
    if before.std() < 1e-3 or after.std() < 1e-3:
        alike = 1.0 if before.std() < 1e-3 and after.std() < 1e-3 else 0.0
    else:
        alike = float(np.corrcoef(before.ravel(), after.ravel())[0, 1])
    return _headroom(
        CheckName.COMPOSITION,
        {FailureClass.STRUCTURE_LOST: alike / bar.MIN_STRUCTURE},
        f"gradient maps correlate {alike:.2f}",
    )


CHECKS: Mapping[CheckName, Callable[[Evidence], Check]] = {
    CheckName.INTACT: check_intact,
    CheckName.CHANGED: check_changed,
    CheckName.PRESERVED: check_preserved,
    CheckName.TEXT: check_text,
    CheckName.SHARPNESS: check_sharpness,
    CheckName.COMPOSITION: check_composition,
}


def _headroom(name: CheckName, measured: Mapping[FailureClass, float], detail: str, region: Box | None = None) -> Check:
    """A check from the headroom of each way to fail; the least decides. Not a number counts as none."""
    failure, score = min(
        ((failure, float(np.nan_to_num(room, nan=0.0))) for failure, room in measured.items()),
        key=lambda pair: pair[1],
        default=(None, MOST),
    )
    passed = score >= bar.BAR
    return Check(
        name=name,
        score=max(0.0, min(score, MOST)),
        threshold=bar.BAR,
        passed=passed,
        failure=None if passed else failure,
        detail=detail,
        region=None if passed else region,
    )


def _stays(evidence: Evidence) -> Mask | slice:
    """What is to stay: all but the region, where that is known and leaves something."""
    region = evidence.region
    return slice(None) if region is None or region.all() else ~region


def _coherence(grey: Plane) -> float:
    """Correlation of horizontally neighbouring pixels, -1..1; 1 for a flat picture."""
    left, right = grey[:, :-1].ravel(), grey[:, 1:].ravel()
    if left.size < 2 or left.std() < 1e-3 or right.std() < 1e-3:
        return 1.0
    return float(np.corrcoef(left, right)[0, 1])


def _touched_tiles(changed: Mask) -> tuple[Mask, float]:
    """The 16 x 16 tiles a change touches, as a mask, and their share of the picture."""
    solid = opening(changed, disk(1))
    rows, columns = (np.linspace(0, 16, length, endpoint=False).astype(int) for length in changed.shape)
    tile = rows[:, None] * 16 + columns[None, :]
    counts = np.bincount(tile.ravel(), solid.ravel(), minlength=256)
    touched = counts > 0
    return touched[tile], float(touched[np.unique(tile)].mean())


def _similarity(before: Plane, after: Plane, where: Mask) -> float:
    """SSIM over `where`, weighted by the texture of the source; 1 where there is no texture at all."""
    if min(before.shape) < 7:
        return 1.0 if np.abs(before - after).max() < 8 else 0.0
    _, full = structural_similarity(before, after, data_range=255, full=True)
    texture = np.sqrt(np.maximum(ndimage.gaussian_filter(before**2, 3) - ndimage.gaussian_filter(before, 3) ** 2, 0))
    weight = texture * where
    return float((full * weight).sum() / weight.sum()) if weight.sum() > 1 else 1.0


def _fine_detail(grey: Plane, where: Mask) -> float:
    """99th percentile of what a blur of 1.5 pixels takes away, in grey levels."""
    return float(np.percentile(np.abs(grey - ndimage.gaussian_filter(grey, 1.5))[where], 99))


def _steepness(grey: Plane, where: Mask | slice = slice(None)) -> float:
    """98th percentile of the gradient over the range of greys: independent of contrast, halved by a blur."""
    low, high = np.percentile(grey[where], [2, 98])
    gradient = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1))[where]
    return float(np.percentile(gradient, 98) / max(1.0, high - low) + 1e-6)


def _gradient_map(grey: Plane) -> Plane:
    """Where the edges are, coarsely (a quarter of the size), bright and dark parts of the picture given equal say."""
    smooth = ndimage.gaussian_filter(grey, 3)
    edges = np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1))
    coarse = ndimage.zoom(edges, 0.25, order=1) if min(edges.shape) >= 16 else edges
    evened: Plane = coarse / (ndimage.gaussian_filter(coarse, 8) + coarse.mean() * 0.1 + 1e-3)
    return evened


def _crop(picture: Image.Image, box: Box) -> Plane:
    return np.asarray(picture.convert("L").crop(box), dtype=np.float32)


def _enlarged_box(mask: Mask, scale: float) -> Box | None:
    """The rectangle around the true pixels, in pixels of the full picture."""
    return Box(*(round(edge / scale) for edge in bounding_box(mask))) if mask.any() else None
