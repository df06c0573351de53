"""The verdict on a candidate: every check a contract asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image

from tasks.domain.errors import EngineError
from tasks.domain.models import Check, CheckName, Contract, Verdict
from tasks.imaging.area import Mask
from tasks.imaging.checks.changed import check_changed
from tasks.imaging.checks.framing import check_framing
from tasks.imaging.checks.ground import check_ground
from tasks.imaging.checks.intact import check_intact
from tasks.imaging.checks.lettering import check_lettering
from tasks.imaging.checks.look import check_composition, check_sharpness
from tasks.imaging.checks.preserved import check_preserved
from tasks.imaging.checks.text import check_text
from tasks.imaging.evidence import Evidence, Reader

CHECKS: Mapping[CheckName, Callable[[Evidence], Check]] = {
    CheckName.INTACT: check_intact,
    CheckName.FRAMING: check_framing,
    CheckName.CHANGED: check_changed,
    CheckName.PRESERVED: check_preserved,
    CheckName.TEXT: check_text,
    CheckName.LETTERING: check_lettering,
    CheckName.GROUND: check_ground,
    CheckName.COMPOSITION: check_composition,
    CheckName.SHARPNESS: check_sharpness,
}


def inspect(
    source: Image.Image,
    candidate: Image.Image,
    contract: Contract,
    allowed: Mask | None,
    read: Reader,
    *,
    exact: bool = False,
) -> Verdict:
    """The verdict on a candidate: one `Check` for each name in `contract.checks`.

    `allowed` is H x W, true where pixels may change, or None when that is not known; `exact` tells a painted mask from
    a region that words point at. `read` gives the lines of text in a picture; it is only called when the contract has
    text. Raises `EngineError` when the sizes differ.
    """
    if source.size != candidate.size:
        raise EngineError(f"the engine turned {source.size} into {candidate.size}; it must keep the size of the source")
    evidence = Evidence(_opaque(source), _opaque(candidate), contract, allowed, exact, read)
    return Verdict(checks=tuple(CHECKS[name](evidence) for name in contract.checks if name in CHECKS))


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture as RGB; transparency lies on mid grey."""
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (128, 128, 128, 255)), picture)
    return picture.convert("RGB")
